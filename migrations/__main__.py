"""``python -m migrations``: provision, upgrade, current, revision."""

import argparse
import os
import sys

from migrations.provisioning import MIGRATOR, SERVICES, application_role, provision
from migrations.runner import current, revise, upgrade


def main() -> int:
    """Read the command line and run one step. The database comes from ``--url`` or ``SUANDAI_DATABASE_URL``."""
    parser = argparse.ArgumentParser(prog="python -m migrations", description="The database's roles and schemas.")
    parser.add_argument("--url", default=os.environ.get("SUANDAI_DATABASE_URL"), help="or SUANDAI_DATABASE_URL")
    steps = parser.add_subparsers(dest="step", required=True)
    roles = steps.add_parser(
        "provision", help="create roles, database and schemas (as a superuser; libpq URL)", description=_PASSWORDS
    )
    roles.add_argument("--database", default="suandai")
    for step, purpose in (("upgrade", "bring schemas to their newest revision"), ("current", "show the revisions")):
        steps.add_parser(step, help=purpose).add_argument("services", nargs="*", help="default: all")
    revision = steps.add_parser("revision", help="write the next revision file of one service")
    revision.add_argument("service", choices=SERVICES)
    revision.add_argument("-m", "--message", required=True)
    given = parser.parse_args()
    if not given.url:
        parser.error("no database: give --url or set SUANDAI_DATABASE_URL")
    unknown = sorted(set(getattr(given, "services", ())) - set(SERVICES))
    if unknown:
        parser.error(f"no such service: {', '.join(unknown)}")
    if given.step == "provision":
        provision(given.url, given.database, passwords=_passwords())
    elif given.step == "upgrade":
        upgrade(given.url, given.services or SERVICES)
    elif given.step == "revision":
        revise(given.url, given.service, given.message)
    else:
        for service, at in current(given.url, given.services or SERVICES).items():
            print(f"{service}\t{at or 'nothing yet'}")
    return 0


_PASSWORDS = "A role's password is read from the file named by SUANDAI_PASSWORD_FILE_<ROLE>, role in upper case."


def _passwords() -> dict[str, str]:
    passwords = {}
    for role in (MIGRATOR, *map(application_role, SERVICES)):
        if path := os.environ.get(f"SUANDAI_PASSWORD_FILE_{role.upper()}"):
            with open(path, encoding="utf-8") as file:
                passwords[role] = file.read().strip()
    return passwords


if __name__ == "__main__":
    sys.exit(main())
