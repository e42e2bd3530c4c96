"""The text of GitHub's workflow, with places for what a plan says; see ``schedule``."""

from __future__ import annotations

#: The branch keeps what was fetched; see docs/how-to/github-actions.md for why.
WORKFLOW = """\
name: harvest

on:
  schedule:
    # In UTC; GitHub may start it some minutes later.
    - cron: "@minute@ @hour@ * * *"
  workflow_dispatch:

permissions:
  contents: write # to the branch medsafe-data

# A second run waits for the first, and never stops it.
concurrency:
  group: medsafe-harvest
  cancel-in-progress: false

jobs:
  harvest:
    runs-on: ubuntu-latest
    timeout-minutes: 350
    steps:
      - uses: actions/checkout@v6

      - uses: actions/setup-python@v6
        with:
          python-version: "3.13"

      - name: Install
        run: python -m pip install .

      - name: Take out what is there already
        id: restore
        run: |
          found=0
          git ls-remote --exit-code origin refs/heads/medsafe-data || found=$?
          case $found in
            0)
              git fetch --depth=1 origin +refs/heads/medsafe-data:refs/remotes/origin/medsafe-data
              git worktree add -B medsafe-data medsafe-data origin/medsafe-data
              ;;
            2) # there is no such branch yet
              git worktree add --detach medsafe-data
              git -C medsafe-data switch --orphan medsafe-data
              ;;
            *) exit $found ;;
          esac

@jitter@      - name: Harvest
        timeout-minutes: 300
        env:
          S2_API_KEY: ${{ secrets.S2_API_KEY }}
          MEDSAFE_PING_URL: ${{ secrets.MEDSAFE_PING_URL }}
          # The pace of each service, and which are left alone: the next machine knows it too.
          MEDSAFE_STATE: ${{ github.workspace }}/medsafe-data/state
        run: medsafe-harvest --data medsafe-data harvest

@digest@      # Also after a failure: exit code 3, some windows are missing, ends the job in red,
      # and what was fetched is kept, so that the next run asks only for the rest.
      - name: Keep what was fetched
        if: always() && steps.restore.outcome == 'success'
        run: |
          git config user.name medsafe-harvest
          git config user.email medsafe-harvest@users.noreply.github.com
          git -C medsafe-data add --all -- . ':!*.lock' ':!logs' ':!cache'
          if git -C medsafe-data diff --cached --quiet; then
            echo "nothing new"
          else
            git -C medsafe-data commit --quiet --message "Harvest of $(date -u +%F)"
            git push origin medsafe-data
          fi

      - name: Show the report
        if: always() && steps.restore.outcome == 'success'
        uses: actions/upload-artifact@v6
        with:
          name: reports-${{ github.run_id }}-${{ github.run_attempt }}
          path: medsafe-data/reports
          if-no-files-found: warn
          retention-days: 30
"""
DIGEST = """\
      - name: Mail what is new, or that the harvest failed
        if: always() && steps.restore.outcome == 'success'
        env:
          MEDSAFE_SMTP_PASSWORD: ${{ secrets.MEDSAFE_SMTP_PASSWORD }}
        run: medsafe-harvest --data medsafe-data digest send

"""
JITTER = """\
      - name: Wait a little, so that not everyone asks at once
        if: github.event_name == 'schedule'
        run: sleep $((RANDOM * @seconds@ / 32768))

"""
