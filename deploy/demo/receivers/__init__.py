"""Stand-ins for Jira, ServiceNow and Slack: as strict as the real ones where it matters, each with its tickets and their history.

They serve the demo and the tests alike. Nothing here speaks to the real services.
"""

from receivers.jira import JiraReceiver
from receivers.provider import Provider
from receivers.servicenow import ServiceNowReceiver
from receivers.slack import SlackReceiver

__all__ = ["JiraReceiver", "Provider", "ServiceNowReceiver", "SlackReceiver"]
