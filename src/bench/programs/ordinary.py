"""An ordinary program on one thread, with a fixed amount of work: requests that pass through a few layers
to JSON, a regular expression, a sort with a key, a class and a recursion.

    ordinary.py RESULT ROUNDS
"""

import json
import os
import re
import sys
import time

WORD = re.compile(r"(\w+)@(\w+)\.(com|org|net)")
TEXT = "write to ada@example.org or to grace@example.com, not to nobody@nowhere " * 20


class Order:
    def __init__(self, number):
        self.number = number
        self.price = number * 1.25

    def total(self):
        return self.price * 1.19 + self.number % 7


class Store:
    def __init__(self):
        self.orders = [Order(number) for number in range(60)]

    def cheapest(self):
        return sorted(self.orders, key=lambda order: -order.total())[0].number

    def export(self):
        return json.loads(json.dumps([{"id": o.number, "price": o.price} for o in self.orders]))


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def respond(store, number):
    return store.cheapest() + len(store.export()) + len(WORD.findall(TEXT)) + fibonacci(9 + number % 4)


def authorize(handler, store, number):
    return handler(store, number)


def log(handler, store, number):
    return authorize(handler, store, number)


def handle(store, number):
    return log(respond, store, number)


def main(rounds):
    store = Store()
    return sum(handle(store, number) for number in range(rounds))


if __name__ == "__main__":
    rounds = int(sys.argv[2])
    wall, cpu = time.perf_counter(), time.process_time()
    main(rounds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    with open(sys.argv[1], "w") as file:
        json.dump({"pid": os.getpid(), "wall": wall, "cpu": cpu, "work": rounds}, file)
