"""A model that a service would ask: numbers with gaps, a category, a boolean, two classes."""

from __future__ import annotations

import lightgbm
import numpy as np
import pandas as pd

ROWS = 500
CITIES = ["Bern", "Genève", "Rome", "Wien", "Zürich"]


def frame() -> pd.DataFrame:
    generator = np.random.default_rng(0)
    age = generator.integers(18, 90, ROWS).astype(float)
    age[generator.random(ROWS) < 0.1] = np.nan
    city = pd.Categorical.from_codes(generator.integers(-1, len(CITIES), ROWS), categories=CITIES)
    income = generator.lognormal(10, 1, ROWS)
    return pd.DataFrame({"age": age, "income": income, "city": city, "vip": generator.random(ROWS) < 0.2})


def train(x: pd.DataFrame) -> lightgbm.Booster:
    y = (x.age.fillna(50) / 40 + x.city.cat.codes % 2 + x.vip + np.log(x.income) / 5) > 4.2
    parameters = {"objective": "binary", "num_leaves": 15, "min_data_in_leaf": 5, "num_threads": 1, "verbosity": -1}
    return lightgbm.train(parameters, lightgbm.Dataset(x, y.astype(int)), 40)
