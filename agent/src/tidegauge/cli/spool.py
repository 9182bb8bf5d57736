"""`tidegauge spool …`: what lies in spools, whether it is whole, and how it is carried by hand."""

from tidegauge.cli import spool_export, spool_import, spool_status, spool_verify
from tidegauge.cli.arguments import Commands, add_command

_EXAMPLES = """examples:
  tidegauge spool status --spool /var/lib/tidegauge
  tidegauge spool verify --root /var/lib/tidegauge/0-1a2b3c
  tidegauge spool export --to /media/stick/week-47.tgspool
  tidegauge spool import /media/stick/week-47.tgspool --root /var/lib/tidegauge/carried
"""


def add_to(commands: Commands) -> None:
    """Declare the commands."""
    spool = add_command(
        commands,
        "spool",
        help="look into spools, check them, carry them by hand",
        description="Look into spools, check them, carry them by hand. All of these are safe beside agents and shippers that run.",
        epilog=_EXAMPLES,
        run=None,
    )
    subcommands = spool.add_subparsers(dest="subcommand", metavar="COMMAND")
    for command in (spool_status, spool_verify, spool_export, spool_import):
        command.add_to(subcommands)
