"""What a summary copies: extractive fragments, coverage and density (Grusky, Naaman & Artzi, "Newsroom", NAACL 2018).

A fragment is found greedily: at the first word of the summary that is not yet in one, the longest run of words that stands
somewhere in the source. The paper's search compares every pair of places; here a suffix automaton of the source (Blumer et
al. 1985) gives the same runs in linear time.
"""

from __future__ import annotations

from collections.abc import Sequence

Automaton = list[dict[str, int]]


def fragments_in(summary: Sequence[str], step: Automaton) -> list[int]:
    """Lengths, in words, of the extractive fragments of a summary, in order.

    Args:
        summary: Its words.
        step: What :func:`automaton` made of its source.
    """
    return [length for _, length in runs_in(summary, step)]


def runs_in(summary: Sequence[str], step: Automaton) -> list[tuple[int, int]]:
    """Where in the summary each fragment begins, and its length, in words and in order."""
    found: list[tuple[int, int]] = []
    state = length = 0
    for place, word in enumerate(summary):
        if word not in step[state] and length:
            found.append((place - length, length))
            state = length = 0
        if word in step[state]:
            state, length = step[state][word], length + 1
    return [*found, (len(summary) - length, length)] if length else found


def automaton(words: Sequence[str]) -> Automaton:
    """The transitions, state by state, of the automaton that reads just the runs of these words. State 0 is its start."""
    step: list[dict[str, int]] = [{}]
    link, length = [-1], [0]
    last = 0
    for word in words:
        state, last = last, len(step)
        step.append({})
        length.append(length[state] + 1)
        link.append(0)
        while state >= 0 and word not in step[state]:
            step[state][word] = last
            state = link[state]
        if state < 0:
            continue
        target = step[state][word]
        if length[target] > length[state] + 1:  # reached by longer runs too: a copy for the shorter ones
            copy = len(step)
            step.append(dict(step[target]))
            length.append(length[state] + 1)
            link.append(link[target])
            link[target] = copy
            while state >= 0 and step[state].get(word) == target:
                step[state][word] = copy
                state = link[state]
            target = copy
        link[last] = target
    return step
