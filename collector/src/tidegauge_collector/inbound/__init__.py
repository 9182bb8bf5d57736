"""What people did with an alert in the tool where they heard of it, told by that tool: buttons of Slack, tickets of Jira and ServiceNow.

    a signed call, or a look at the ticket ──read──▶ deeds ──done──▶ the alerts of the thread

One file for each tool, pure: whether a call is genuine, and which deeds it tells of. `acting` does them, `polling` looks at tickets,
`api.inbound` has the door.
"""
