#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""requests.py FILE URL...: get the URLs one after the other, over and over, until FILE is there.

At the end it says how many answers there were from each, and what went wrong; exit status 1 if anything did.
"""
import os
import sys
import urllib.request

stop, urls = sys.argv[1], sys.argv[2:]
answers = dict.fromkeys(urls, 0)
lost = []

while not os.path.exists(stop):
    for url in urls:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                answer.read()
            answers[url] += 1
        except OSError as why:
            lost.append(f"{url}: {why}")

for url, n in answers.items():
    print(n, url)
for line in lost:
    print("lost:", line)
sys.exit(bool(lost) or not all(answers.values()))
