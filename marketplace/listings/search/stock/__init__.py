"""The stock: what searches compare of every car on sale, in memory, one array per column.

Counting a million rows for every facet takes a database some seconds and arrays some milliseconds
(docs/adr/0071). The database stays the truth: a stock is read from it, catches up with it before
every search, and a page's cars are fetched from it.
"""
