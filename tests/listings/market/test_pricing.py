"""Typical prices, judged on markets whose true prices are known."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.listings.market.pricing import LEAST_CARS, Cars, Place, Range, Typical, typical_range

YEAR, MILEAGE = 2015, 120_000


class Market:
    """Cars of one model whose prices follow a curve, with noise.

    ``true``: what such a car of YEAR and MILEAGE costs; ``noise``: standard deviation in logs.
    """

    def __init__(self, seed: int, *, cars: int, noise: float, base: float = 9.0) -> None:
        chance = np.random.default_rng(seed)
        a_year, ten_thousand = chance.uniform(0.04, 0.16), chance.uniform(-0.06, -0.005)
        self.true, self.noise = float(np.exp(base)), noise
        years = YEAR + chance.integers(-4, 5, 4 * cars)
        mileages = np.abs(MILEAGE + chance.normal(0, 35_000, 4 * cars))
        curve = base + a_year * (years - YEAR) + ten_thousand * (mileages - MILEAGE) / 10_000
        prices = np.exp(curve + chance.normal(0, noise, 4 * cars))
        near = (abs(years - YEAR) <= 2) & (abs(mileages - MILEAGE) <= 60_000)
        chosen = np.flatnonzero(near)[:cars]
        self.cars = Cars(prices[chosen], years[chosen].astype(float), mileages[chosen])
        self.chance = chance

    def range(self):
        return typical_range(self.cars, year=YEAR, mileage=MILEAGE)


def middle(found):
    return (found.low * found.high) ** 0.5


@pytest.mark.parametrize(("cars", "noise", "most_off"), [(8, 0.1, 0.13), (12, 0.15, 0.14), (40, 0.15, 0.08)])
def test_it_finds_the_true_price_of_generated_markets(cars, noise, most_off):
    markets = [Market(seed, cars=cars, noise=noise) for seed in range(200)]
    off = [np.log(middle(market.range()) / market.true) for market in markets]
    assert np.quantile(np.abs(off), 0.95) < most_off
    assert abs(np.mean(off)) < 0.02  # neither dear nor cheap on the whole


def test_the_share_of_each_word_is_as_explained():
    """Half of a market is fair; a quarter is on each side, most of it by one word only."""
    words = []
    for seed in range(200):
        market = Market(seed, cars=60, noise=0.15)
        typical = market.range().in_currency(Decimal(1))
        prices = market.true * np.exp(market.chance.normal(0, market.noise, 50))
        words += [typical.place(Decimal(price)) for price in prices]
    share = {place: words.count(place) / len(words) for place in Place}
    assert share[Place.FAIR] == pytest.approx(0.5, abs=0.08)
    assert share[Place.VERY_GOOD] + share[Place.GOOD] == pytest.approx(0.25, abs=0.06)
    assert share[Place.RATHER_HIGH] + share[Place.HIGH] == pytest.approx(0.25, abs=0.06)
    assert min(share.values()) > 0.05


@pytest.mark.parametrize(("off", "places"), [
    (-0.35, {Place.VERY_GOOD}), (0, {Place.FAIR, Place.GOOD, Place.RATHER_HIGH}), (0.45, {Place.HIGH}),
])  # fmt: skip
def test_what_is_clearly_cheap_or_dear_gets_its_word(off, places):
    told = []
    for seed in range(100):
        market = Market(seed, cars=15, noise=0.1)
        told.append(market.range().in_currency(Decimal(1)).place(Decimal(market.true * np.exp(off))))
    assert sum(place in places for place in told) >= 97


@pytest.mark.parametrize("slip", [0.1, 10, 100])
def test_one_odd_price_in_eight_moves_it_little(slip):
    for seed in range(100):
        market = Market(seed, cars=24, noise=0.12)
        before = market.range()
        market.cars.prices[:3] *= slip
        after = market.range()
        assert abs(np.log(middle(after) / middle(before))) < 0.12
        assert after.high / after.low < 1.6 * before.high / before.low


def test_a_car_far_from_the_others_in_year_and_mileage_is_brought_to_them():
    """All of them are older: what is typical is more than most of them cost."""
    older = [Market(seed, cars=30, noise=0.05) for seed in range(50)]
    off = []
    for market in older:
        chosen = market.cars.years < YEAR
        cars = Cars(*(column[chosen] for column in market.cars))
        if len(cars.prices) >= LEAST_CARS:
            off.append(np.log(middle(typical_range(cars, year=YEAR, mileage=MILEAGE)) / market.true))
    assert np.quantile(np.abs(off), 0.9) < 0.12


def test_with_fewer_than_eight_cars_nothing_is_said():
    assert Market(1, cars=LEAST_CARS - 1, noise=0.1).range() is None
    assert Market(1, cars=LEAST_CARS, noise=0.1).range().cars == LEAST_CARS


def test_without_a_mileage_all_mileages_count():
    market = Market(2, cars=20, noise=0.1)
    cars = market.cars._replace(mileages=np.full(20, np.nan))
    assert typical_range(cars, year=YEAR, mileage=MILEAGE) is None
    assert typical_range(cars, year=YEAR, mileage=None).cars == 20


@given(
    st.lists(
        st.tuples(st.floats(1, 1e7), st.integers(YEAR - 3, YEAR + 3), st.integers(0, 2_000_000)),
        min_size=0, max_size=40,
    ),
    st.integers(0, 900_000) | st.none(),
    st.decimals("0.01", "100", places=4),
)  # fmt: skip
def test_whatever_is_advertised_a_range_is_a_range(cars, mileage, per_euro):
    columns = np.array(cars, dtype=float).reshape(-1, 3).T
    found = typical_range(Cars(*columns), year=YEAR, mileage=mileage)
    if found is None:
        return
    assert 0 < found.low < found.high < float("inf")
    typical = found.in_currency(per_euro)
    assert typical.low <= typical.high
    words = [
        typical.place(Decimal(price)) for price in range(0, int(typical.high * 3), max(1, int(typical.high) // 50))
    ]
    assert words == sorted(words, key=list(Place).index)  # dearer is never called better


def test_the_words_begin_where_the_page_says():
    typical = Typical(Decimal(4000), Decimal(5000), 12)
    said = {price: typical.place(Decimal(price)) for price in (3499, 3500, 3999, 4000, 5000, 5001, 5500, 5501)}
    assert list(said.values()) == [
        Place.VERY_GOOD, Place.GOOD, Place.GOOD, Place.FAIR, Place.FAIR, Place.RATHER_HIGH, Place.RATHER_HIGH,
        Place.HIGH,
    ]  # fmt: skip
    assert typical.suspicious(Decimal(2399))
    assert not typical.suspicious(Decimal(2400))


@pytest.mark.parametrize(
    ("amount", "rounded"), [(4137, 4150), (432, 430), (12345, 12300), (0.4, 1), (1_234_567, 1_230_000)]
)
def test_sums_are_rounded_to_what_is_worth_saying(amount, rounded):
    assert Range(amount, amount, 9).in_currency(Decimal(1)).low == rounded
