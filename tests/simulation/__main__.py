"""`python -m tests.simulation`: simulate one or more years and write a page with what happened.

Exit code 1 if a year fails; the shortest history that fails is printed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.hospital import ROOT
from tests.simulation.judge import Violation
from tests.simulation.office import Conduct
from tests.simulation.plots import write_page
from tests.simulation.shrink import Shrinker, describe_history
from tests.simulation.simulation import Outcome, Plan, simulate, simulate_in_temporary_folder

BUILD = ROOT / "build" / "simulation"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: 1)")
    parser.add_argument("--seeds", type=int, default=1, help="how many years, each with the next seed (default: 1)")
    parser.add_argument("--guarantors", type=int, default=500, help="guarantors (default: 500)")
    parser.add_argument("--days", type=int, default=365, help="days (default: 365)")
    parser.add_argument(
        "--letters-every", type=int, default=7, metavar="DAYS", help="days between batches of letters (default: 7)"
    )
    parser.add_argument("--all", action="store_true", help="go on after a violation, and list all of them")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for the shortest history that fails")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    failed = 0
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        plan = Plan(
            seed,
            arguments.guarantors,
            arguments.days,
            Conduct(letters_every_days=arguments.letters_every, payroll_every_days=min(3, arguments.letters_every)),
        )
        failed += not _run_year(plan, stops=not arguments.all, shrinks=not arguments.no_shrink)
    return 1 if failed else 0


def _run_year(plan: Plan, *, stops: bool, shrinks: bool) -> bool:
    """Simulate one year, and say what came of it. Returns whether it was right."""
    started = time.monotonic()
    layouts = BUILD / "layouts"
    folder = Path(tempfile.mkdtemp(prefix="simulation-"))
    try:
        outcome = simulate(plan, folder / "home", layouts, stops=stops, report=_print_violation)
        page = write_page(outcome, BUILD / f"seed-{plan.seed}.html")
        (BUILD / f"seed-{plan.seed}.log").write_text("\n".join(outcome.log), encoding="utf-8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    letters = outcome.mail.letters.values()
    sys.stdout.write(
        f"seed {plan.seed}: {len(outcome.events):,} events of {plan.guarantors:,} guarantors to {outcome.ended_on}, "
        f"{sum(len(each.attempts) for each in letters):,} pieces, {len(outcome.violations)} violations, "
        f"{time.monotonic() - started:.0f} s: {page}\n"
    )
    if outcome.violations and shrinks:
        _print_shortest(outcome, layouts)
    sys.stdout.flush()
    return not outcome.violations


def _print_violation(violation: Violation) -> None:
    sys.stdout.write(f"  {violation}\n")
    sys.stdout.flush()


def _print_shortest(outcome: Outcome, layouts: Path) -> None:
    shrinker = Shrinker(
        lambda plan: simulate_in_temporary_folder(plan, layouts),
        outcome,
        report=lambda line: print(f"  shrunk to {line}", file=sys.stderr),
    )
    sys.stdout.write(describe_history(shrinker.shrink()) + "\n")


if __name__ == "__main__":
    sys.exit(main())
