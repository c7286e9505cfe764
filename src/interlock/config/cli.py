"""The `interlock` command: Django's management commands, ours first, and errors as sentences."""

import os
import sys
import textwrap
from collections.abc import Iterator
from typing import NoReturn

from interlock import __version__
from interlock.config.home import UnusableHome
from interlock.config.memory import collect_seldom

# Django's own `check` looks at the code; to those who use Interlock, checking means the plan. And no module of
# Python's can be called `import`.
ALIASES = {"check": "check_alignment", "import": "import_plan"}
# Every command takes them, and no help needs to say so.
BELONG_TO_DJANGO = {
    "--version",
    "--verbosity",
    "--settings",
    "--pythonpath",
    "--traceback",
    "--no-color",
    "--force-color",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interlock.config.settings")
    collect_seldom()
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import CommandError
    from django.db import DatabaseError, OperationalError
    from environs.exceptions import EnvError

    arguments = sys.argv[1:]
    try:
        run(arguments)
    except (UnusableHome, EnvError, ImproperlyConfigured) as error:
        end(str(error), status=2)
    except CommandError as error:
        if "--traceback" in arguments:
            raise
        end(str(error), status=error.returncode)
    except DatabaseError as error:
        if "--traceback" in arguments:
            raise
        reason = str(error).strip().splitlines()[0]
        if "no such table" in reason or "does not exist" in reason:
            end(f"The database is not of this version ({reason}): run `interlock migrate`.", status=2)
        if isinstance(error, OperationalError):
            end(f"The database {where()} does not answer: {reason}", status=2)
        raise
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # what reads our output has seen enough, as in `interlock … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: list[str]) -> None:
    from django.core.management import BaseCommand, execute_from_command_line

    BaseCommand.suppressed_base_arguments = BELONG_TO_DJANGO
    match arguments:
        case [] | ["help"] | ["-h"] | ["--help"]:
            sys.stdout.write("\n".join(overview()) + "\n")
        case ["version"] | ["--version"]:
            sys.stdout.write(f"{__version__}\n")
        case ["help", name, *rest]:
            execute_from_command_line(["interlock", "help", ALIASES.get(name, name), *rest])
        case [name, *rest]:
            # With --traceback Django lets a CommandError pass to us instead of printing its class.
            execute_from_command_line(["interlock", ALIASES.get(name, name), "--traceback", *rest])


def overview() -> Iterator[str]:
    import django
    from django.core.management import get_commands, load_command_class

    django.setup()
    shown = {command: name for name, command in ALIASES.items()}
    commands = get_commands()
    yield "The shared plan of every department, checked for alignment.\n"
    yield "usage: interlock COMMAND [options]      interlock help COMMAND\n"
    for name in sorted(name for name, app in commands.items() if app.startswith("interlock.")):
        yield f"  {shown.get(name, name):<12} {load_command_class(commands[name], name).help}"
    others = sorted(name for name, app in commands.items() if not app.startswith("interlock."))
    yield "\nDjango's own:"
    yield textwrap.fill(
        ", ".join(name for name in others if name not in ALIASES), 110, initial_indent="  ", subsequent_indent="  "
    )


def where() -> str:
    from django.db import connection

    settings = connection.settings_dict
    return f"at {settings['HOST']}:{settings['PORT']}" if settings["HOST"] else str(settings["NAME"])


def end(message: str, *, status: int) -> NoReturn:
    sys.stderr.write(f"{message}\n")
    sys.exit(status)


if __name__ == "__main__":
    main()
