#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""bench.json to a table of text, and to bar charts in SVG.

usage: report.py DIR

DIR has bench.json; bench.txt and one NAME.svg for each case are made beside it.
"""

import json
import os
import statistics
import sys
from xml.sax.saxutils import escape

BASE = "xfrm-offload"
COLOURS = {"plain": "#9e9e9e", "xfrm": "#90caf9", "xfrm-offload": "#1e88e5",
           "wireguard": "#8e24aa", "nfipsec": "#2e7d32"}
SCALES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


def rate(value):
    """Return: three digits and a prefix"""
    for scale, prefix in SCALES:
        if value >= scale:
            return f"{value / scale:.{2 if value < 10 * scale else 1}f} {prefix}"
    return f"{value:.2f} "


def medians(runs):
    """Return: by contender the median rate, and half of what the rounds span"""
    found = {}
    for who, rounds in runs.items():
        rates = sorted(r["rate"] for r in rounds)
        middle = statistics.median(rates)
        quarter = len(rates) // 4
        spread = (rates[-1 - quarter] - rates[quarter]) / 2 / middle
        found[who] = (middle, spread)
    return found


def paired(runs, who, base):
    """Return: median of the ratios of each round, None if one was not there"""
    if who not in runs or base not in runs:
        return None
    return statistics.median(a["rate"] / b["rate"]
                             for a, b in zip(runs[who], runs[base]))


def case_lines(title, unit, runs):
    lines = [title]
    for who, (middle, spread) in medians(runs).items():
        lost = sum(r["lost"] for r in runs[who])
        late = sum(r["late"] for r in runs[who])
        ratio = paired(runs, who, BASE)
        line = f"  {who:13} {rate(middle) + unit:>20} ±{100 * spread:2.0f} %"
        if ratio:
            line += f"  {ratio:5.2f}x"
        if lost or late:
            line += f"  lost {lost} late {late}"
        lines.append(line)
    return lines


def text(data):
    about = data["about"]
    lines = [f"nfipsec {about['head']}, Linux {about['kernel']}, {about['cpus']} "
             f"CPU of {about['host']}",
             f"medians of {about['rounds']} rounds of {about['ms']} ms, ± half the "
             f"span of their middle half; ratios to {BASE}, of the same round",
             f"load average of the machine when this began: {about['load']}",
             f"GRO {'on' if about['gro'] else 'off'} on all devices" +
             (", with lists between the gateways" if about.get("gro_list") else ""), ""]
    for case, runs in data["results"].items():
        what = data["cases"][case]
        lines += case_lines(f"{case}: {what['title']}", what["unit"], runs) + [""]
    one, two = data["results"].get("cpu1"), data["results"].get("cpu2")
    if one and two:
        lines.append("two CPUs against one")
        for who in one:
            ratio = statistics.median(b["rate"] / a["rate"]
                                      for a, b in zip(one[who], two[who]))
            lines.append(f"  {who:13} {ratio:.2f}x")
        lines.append("")
    return "\n".join(lines)


def chart(title, unit, runs, names):
    """Return: an SVG picture, a bar for each contender"""
    found = medians(runs)
    most = max(middle for middle, _ in found.values())
    height = 44 + 30 * len(found)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" '
           'font-family="sans-serif" font-size="13">',
           f'<rect width="720" height="{height}" fill="white"/>',
           f'<text x="10" y="22" font-size="15">{escape(title)}</text>']
    for i, (who, (middle, spread)) in enumerate(found.items()):
        y = 38 + 30 * i
        width = 380 * middle / most
        error = width * spread
        out += [f'<text x="170" y="{y + 15}" text-anchor="end">{escape(names[who])}</text>',
                f'<rect x="180" y="{y}" width="{width:.1f}" height="20" '
                f'fill="{COLOURS.get(who, "#555")}"/>',
                f'<line x1="{180 + width - error:.1f}" x2="{180 + width + error:.1f}" '
                f'y1="{y + 10}" y2="{y + 10}" stroke="black"/>',
                f'<text x="{188 + width + error:.1f}" y="{y + 15}">'
                f'{rate(middle)}{escape(unit)}</text>']
    return "\n".join(out + ["</svg>", ""])


def main():
    where = sys.argv[1]
    with open(os.path.join(where, "bench.json"), encoding="utf-8") as f:
        data = json.load(f)
    report = text(data)
    with open(os.path.join(where, "bench.txt"), "w", encoding="utf-8") as f:
        f.write(report)
    for case, runs in data["results"].items():
        what = data["cases"][case]
        with open(os.path.join(where, f"{case}.svg"), "w", encoding="utf-8") as f:
            f.write(chart(what["title"], what["unit"], runs, data["contenders"]))
    print(report)


if __name__ == "__main__":
    main()
