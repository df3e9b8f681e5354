"""Functions of libraries from PyPI, unmodified: what is differentiated, and where.

Each case is a library's module, a function of it and of floats, and a point. None was
left out because it fails: `ROUNDED` and `FAILING` name those that do, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

# What was tested; the group `libraries` in pyproject.toml pins the same.
VERSIONS = {
    "aerocalc3": "0.10",
    "astral": "3.2",
    "blackscholes": "0.2.2",
    "chemicals": "1.5.2",
    "coloraide": "8.13.1",
    "colormath": "3.0.0",
    "colorspacious": "1.1.2",
    "easing-functions": "1.0.4",
    "elote": "1.5.1",
    "fluids": "1.3.1",
    "geographiclib": "2.1",
    "geopy": "2.5.0",
    "glicko2": "2.1.0",
    "great-circle-calculator": "1.1.0",
    "haversine": "2.9.0",
    "hsluv": "5.0.5",
    "ht": "1.2.0",
    "iapws": "1.5.5",
    "isacalc": "1.3.4",
    "jdcal": "1.4.1",
    "karney": "1.1.1",
    "lamberthub": "1.0.0",
    "meteocalc": "1.1.0",
    "mibian": "0.1.3",
    "navpy": "1.0",
    "numpy-financial": "1.0.0",
    "nvector": "1.2.0",
    "opensimplex": "0.4.5.1",
    "openskill": "6.2.0",
    "psychrolib": "2.5.0",
    "py-lets-be-rational": "1.1.2",
    "pygasflow": "1.4.1",
    "pygeodesy": "26.10.26",
    "pymap3d": "3.2.0",
    "pymeeus": "0.5.12",
    "pyquaternion": "0.9.9",
    "pysolar": "0.13",
    "pytweening": "1.2.0",
    "pyxsteam": "0.4.10",
    "s2sphere": "0.2.5",
    "seawater": "3.3.5",
    "sgp4": "2.27",
    "squaternion": "2025.3.2",
    "suncalc": "0.1.3",
    "svg.path": "7.1",
    "thermo": "0.6.1",
    "thermofeel": "2.3.0",
    "tmm": "0.2.0",
    "transforms3d": "0.4.2",
    "trueskill": "0.4.5",
    "utm": "0.9.0",
    "vincenty": "0.1.4",
    "vollib": "1.0.11",
    "xirr": "0.1.8",
}


# Whose gradient is that of a step function, which a difference quotient does not see.
ROUNDED = {
    "vincenty_distance": "it rounds its result to six decimals, which has no slope",
    "hsluv_red": "it rounds its result to nine decimals, which has no slope",
}
# Whose gradient is refused.
FAILING = {
    "ecef_to_geodetic": "it indexes a scalar with a mask, which NumPy's scalars take",
    "haversine": "pygeodesy imports itself by names that it makes up",
    "vincentys": "pygeodesy's units are subclasses of float",
    "pygeodesy_distance": "pygeodesy imports itself by names that it makes up",
}
# Libraries whose own code numba compiles for a minute.
SLOW_ORIGINALS = {"psychrolib"}


@dataclass
class Case:
    """A function of a lifted module and of floats, at a point.

    Attributes:
        library: its name on PyPI.
        module: the module that is lifted.
        f: takes the module and the floats, and returns one number.
        point: the floats.
        rel: how exact differences are, where the function itself is not smooth.

    """

    library: str
    module: str
    f: Callable[..., Any] = field(repr=False)
    point: tuple[float, ...]
    name: str
    rel: float = 2e-6


CASES: list[Case] = []


def case(library: str, module: str, *point: float, rel: float = 2e-6) -> Any:
    """Enter a function as a case."""

    def enter(f: Callable[..., Any]) -> Callable[..., Any]:
        CASES.append(Case(library, module, f, point, f.__name__, rel))
        return f

    return enter


def calls(library: str, module: str, **functions: tuple[float, ...]) -> None:
    """Enter functions of a module that take and return plain numbers."""
    for name, point in functions.items():

        def f(m: Any, *xs: Any, name: str = name) -> Any:
            return getattr(m, name)(*xs)

        CASES.append(Case(library, module, f, point, name))


calls(
    "fluids",
    "fluids.friction",
    Colebrook=(1e5, 1e-4),
    Clamond=(1e5, 1e-4),
    friction_factor=(2e5, 3e-4),
    Churchill_1977=(1e4, 1e-3),
    friction_factor_curved=(2e5, 0.01, 0.1),
)
calls("fluids", "fluids.drag", Haider_Levenspiel=(150.0,), drag_sphere=(200.0,))
calls("fluids", "fluids.core", Reynolds=(2.5, 0.25, 1.1, 2e-5))
calls("fluids", "fluids.compressible", isothermal_work_compression=(1e5, 1e6, 300.0))
calls("fluids", "fluids.two_phase_voidage", Thom=(0.4, 2.5, 1150.0, 1e-4, 1e-3))
calls("chemicals", "chemicals.vapor_pressure", Antoine=(373.0, 10.1, 1700.0, -46.0))
calls(
    "chemicals",
    "chemicals.vapor_pressure",
    Wagner_original=(100.0, 190.53, 4596420.0, -6.00435, 1.1885, -0.834082, -1.22833),
)
calls("chemicals", "chemicals.vapor_pressure", Lee_Kesler=(347.2, 617.1, 36e5, 0.299))
calls("chemicals", "chemicals.iapws", iapws95_rho=(330.0, 8e5))
calls("chemicals", "chemicals.iapws", iapws95_Psat=(400.0,), iapws97_rho=(330.0, 8e5))
calls("chemicals", "chemicals.volume", Rackett=(272.04, 408.14, 3648e3, 0.2772))
calls(
    "ht",
    "ht.conv_internal",
    Nu_conv_internal=(1e5, 0.7),
    turbulent_Gnielinski=(1e5, 1.2, 0.0185),
)
calls("ht", "ht.conv_external", Nu_external_cylinder=(6071.0, 0.7))
calls("iapws", "iapws._iapws", _Viscosity=(998.0, 298.15), _Tension=(300.0,))
calls("iapws", "iapws.iapws97", _PSat_T=(500.0,), _h_3ab=(25.0,))
calls("py-lets-be-rational", "py_lets_be_rational", black=(100.0, 95.0, 0.2, 0.5, 1.0))
calls(
    "py-lets-be-rational",
    "py_lets_be_rational",
    implied_volatility_from_a_transformed_rational_guess=(8.0, 100.0, 95.0, 0.5, 1.0),
)
calls("jdcal", "jdcal", ipart=(3.7,))
calls(
    "pysolar", "pysolar.solar", get_sun_earth_distance=(0.02,), equation_of_time=(45.0,)
)
calls(
    "astral",
    "astral.sun",
    eq_of_time=(0.2,),
    sun_declination=(0.2,),
    refraction_at_zenith=(88.0,),
)
calls(
    "pygeodesy",
    "pygeodesy.formy",
    haversine=(52.0, 5.0, 48.0, 2.0),
    vincentys=(52.0, 5.0, 48.0, 2.0),
)
calls("thermofeel", "thermofeel.thermofeel", calculate_wind_chill=(270.0, 6.0))


@case("fluids", "fluids.atmosphere", 5000.0)
def standard_atmosphere(m, z):
    return m.ATMOSPHERE_1976(z).rho


@case("fluids", "fluids.fittings", 0.1, 0.2, 1e5)
def bend(m, d, r, re):
    return m.bend_rounded(Di=d, angle=45.0, rc=r, Re=re)


@case("thermo", "thermo.eos", 299.0, 1e6)
def peng_robinson(m, t, p):
    return m.PR(Tc=507.6, Pc=3025000.0, omega=0.2975, T=t, P=p).V_l


@case("chemicals", "chemicals.rachford_rice", 0.5, 0.3)
def rachford_rice(m, z, k):
    return m.Rachford_Rice_solution(zs=[z, 0.3, 0.7 - z], Ks=[1.685, 0.742, k])[0]


@case("psychrolib", "psychrolib", 298.0 - 273.15, 0.4)
def wet_bulb(m, t, humidity):
    m.SetUnitSystem(m.SI)
    m.PSYCHROLIB_TOLERANCE = 1e-12  # a bisection: differences are of its root then
    return m.GetTWetBulbFromRelHum(t, humidity, 101325.0)


@case("psychrolib", "psychrolib", 25.0, 0.4)
def moist_air_volume(m, t, humidity):
    m.SetUnitSystem(m.SI)
    w = m.GetHumRatioFromRelHum(t, humidity, 101325.0)
    return m.GetMoistAirVolume(t, w, 101325.0)


@case("psychrolib", "psychrolib", 25.0, 1000.0)
def dew_point(m, t, pressure):
    m.SetUnitSystem(m.SI)
    return m.GetTDewPointFromVapPres(t, pressure)


@case("iapws", "iapws.iapws97", 400.0, 5.0)
def region_1(m, t, p):
    return m._Region1(t, p)["h"]


@case("iapws", "iapws.iapws97", 700.0, 2.0)
def region_2(m, t, p):
    return m._Region2(t, p)["s"]


TLE = (
    "1 25544U 98067A   19343.69339541  .00001764  00000-0  38792-4 0  9991",
    "2 25544  51.6439 211.2001 0007417  17.6667  85.6398 15.50103472202482",
)


def satellite(m, inclination, eccentricity, minutes):
    s = m.Satrec()
    s.sgp4init(
        m.WGS72, "i", 25544, 25545.69339541, 3.8792e-05, 0.0, 0.0, eccentricity,
        0.3083420829620822, inclination, 1.4946965690829, 0.0676, 3.686137125541276,
    )  # fmt: skip
    return s.sgp4_tsince(minutes)[1]


@case("sgp4", "sgp4.model", 0.9013560935706996, 0.0007417, 12.5)
def satellite_x(m, inclination, eccentricity, minutes):
    return satellite(m, inclination, eccentricity, minutes)[0]


@case("sgp4", "sgp4.model", 0.9, 0.001, 100.0)
def satellite_z(m, inclination, eccentricity, minutes):
    return satellite(m, inclination, eccentricity, minutes)[2]


@case("geographiclib", "geographiclib.geodesic", 52.0, 5.0, 48.0, 2.0)
def geodesic_inverse(m, a, b, c, d):
    return m.Geodesic.WGS84.Inverse(a, b, c, d)["s12"]


@case("geographiclib", "geographiclib.geodesic", 52.0, 30.0, 5e5)
def geodesic_direct(m, lat, azimuth, s):
    return m.Geodesic.WGS84.Direct(lat, 5.0, azimuth, s)["lat2"]


@case("geographiclib", "geographiclib.geodesic", 40.0, -73.0, 51.0)
def geodesic_area(m, a, b, c):
    p = m.Geodesic.WGS84.Polygon()
    for point in ((a, b), (c, 0.0), (a, 10.0)):
        p.AddPoint(*point)
    return p.Compute()[2]


@case("vincenty", "vincenty", 42.3, -71.0, 40.7, -74.0, rel=2e-3)
def vincenty_distance(m, a, b, c, d):
    return m.vincenty((a, b), (c, d))


@case("haversine", "haversine", 45.7, 4.8, 48.8, 2.3)
def haversine_distance(m, a, b, c, d):
    return m.haversine((a, b), (c, d))


@case("haversine", "haversine", 45.7, 4.8, 30.0, 1.2)
def haversine_inverse(m, a, b, distance, direction):
    return m.inverse_haversine((a, b), distance, direction)[0]


@case(
    "great-circle-calculator",
    "great_circle_calculator.great_circle_calculator",
    4.8,
    45.7,
    2.3,
    48.8,
)
def great_circle(m, a, b, c, d):
    return m.intermediate_point((a, b), (c, d), 0.3)[0]


@case("pymap3d", "pymap3d", 42.0, -82.0, 200.0)
def geodetic_to_ecef(m, lat, lon, alt):
    return m.geodetic2ecef(lat, lon, alt)[0]


@case("pymap3d", "pymap3d", 42.0, -82.0, 200.0)
def geodetic_to_aer(m, lat, lon, alt):
    return m.geodetic2aer(lat, lon, alt, 41.0, -81.0, 0.0)[1]


@case("pymap3d", "pymap3d", 660e3, -4700e3, 4246e3)
def ecef_to_geodetic(m, x, y, z):
    return m.ecef2geodetic(x, y, z)[0]


@case("utm", "utm", 51.2, 7.5)
def utm_easting(m, lat, lon):
    return m.from_latlon(lat, lon)[0]


@case("utm", "utm", 395201.3, 5673135.2)
def utm_latitude(m, easting, northing):
    return m.to_latlon(easting, northing, 32, "U")[0]


@case("coloraide", "coloraide", 0.4, 0.7, 0.2)
def lightness(m, r, g, b):
    return m.Color("srgb", [r, g, b]).convert("oklch").coords()[0]


@case("coloraide", "coloraide", 0.4, 0.7, 0.2)
def delta_e_2000(m, r, g, b):
    return m.Color("srgb", [r, g, b]).delta_e(
        m.Color("srgb", [0.1, 0.5, 0.9]), method="2000"
    )


@case("colormath", "colormath.color_conversions", 0.4, 0.7, 0.2)
def lab_a(m, r, g, b):
    from colormath.color_objects import LabColor, sRGBColor

    lift_objects = m.__name__.startswith("autograd")
    if lift_objects:
        from autograd import lift

        objects = lift("colormath.color_objects")
        LabColor, sRGBColor = objects.LabColor, objects.sRGBColor  # noqa: N806
    return m.convert_color(sRGBColor(r, g, b), LabColor).lab_a


@case("hsluv", "hsluv", 250.0, 60.0, 40.0)
def hsluv_red(m, h, s, l):  # noqa: E741
    return m.hsluv_to_rgb((h, s, l))[0]


@case("hsluv", "hsluv", 0.4, 0.7, 0.2)
def hsluv_saturation(m, r, g, b):
    return m.rgb_to_hsluv((r, g, b))[1]


@case("meteocalc", "meteocalc", 25.0, 60.0)
def meteo_dew_point(m, t, humidity):
    return m.dew_point(m.Temp(t, "c"), humidity).c


@case("meteocalc", "meteocalc", 35.0, 60.0)
def meteo_heat_index(m, t, humidity):
    return m.heat_index(m.Temp(t, "c"), humidity).c


@case("pyxsteam", "pyXSteam.RegionBorders", 550.0)
def steam_border(m, t):
    return m.B23p_T(t)


@case("pyxsteam", "pyXSteam.XSteam", 20.0, 100.0)
def steam_enthalpy(m, p, t):
    return m.XSteam(m.XSteam.UNIT_SYSTEM_MKS).h_pt(p, t)


@case("mibian", "mibian", 100.0, 95.0, 20.0)
def mibian_call(m, s, k, volatility):
    return m.BS([s, k, 1.0, 60.0], volatility=volatility).callPrice


@case("vollib", "vollib.black_scholes", 100.0, 95.0, 0.5, 0.02, 0.3)
def vollib_call(m, *args):
    return m.black_scholes("c", *args)


@case("vollib", "vollib.black_scholes.implied_volatility", 9.0, 100.0, 95.0, 0.5, 0.02)
def vollib_implied(m, *args):
    return m.implied_volatility(*args, "c")


@case("vollib", "vollib.black_scholes.greeks.analytical", 100.0, 95.0, 0.5, 0.02, 0.3)
def vollib_theta(m, *args):
    return m.theta("c", *args)


@case("trueskill", "trueskill", 25.0, 8.0, 27.0)
def trueskill_mean(m, mu, sigma, other):
    return m.rate_1vs1(m.Rating(mu, sigma), m.Rating(other, 5.0))[0].mu


@case("trueskill", "trueskill", 25.0, 8.0, 27.0)
def trueskill_quality(m, mu, sigma, other):
    return m.quality_1vs1(m.Rating(mu, sigma), m.Rating(other, 5.0))


@case("easing-functions", "easing_functions", 0.3)
def elastic(m, t):
    return m.ElasticEaseInOut(start=0.0, end=5.0, duration=1.0).ease(t)


@case("easing-functions", "easing_functions", 0.8)
def bounce(m, t):
    return m.BounceEaseOut(start=0.0, end=5.0, duration=1.0).ease(t)


@case("squaternion", "squaternion", 0.1, 0.4, -0.3)
def quaternion_z(m, roll, pitch, yaw):
    return m.Quaternion.from_euler(roll, pitch, yaw).z


@case("pyquaternion", "pyquaternion", 0.4)
def rotated(m, angle):
    q = m.Quaternion(axis=[0.0, 0.6, 0.8], angle=angle)
    return q.rotate([1.0, 2.0, 3.0])[0]


@case("isacalc", "isacalc", 5000.0)
def isa_density(m, h):
    return m.Atmosphere().calculate(h)[2]


@case("lamberthub", "lamberthub", 5.0, 10.0, 2.0)
def lambert_izzo(m, x, y, tof):
    import numpy as np

    r1 = np.array([x, y, 2.1])
    r2 = np.array([-14.6, 2.5, 7.0])
    return m.izzo2015(39.47, r1, r2, tof)[0][0]


@case("lamberthub", "lamberthub", 5.0, 10.0, 2.0)
def lambert_gooding(m, x, y, tof):
    import numpy as np

    r1 = np.array([x, y, 2.1])
    r2 = np.array([-14.6, 2.5, 7.0])
    return m.gooding1990(39.47, r1, r2, tof)[0][0]


NOON = datetime(2024, 5, 3, 12, 30, tzinfo=UTC)


@case("astral", "astral.sun", 52.0, 5.0)
def sun_elevation(m, lat, lon):
    return m.elevation(m.Observer(lat, lon, 0.0), NOON)


@case("pysolar", "pysolar.solar", 52.0, 5.0)
def sun_altitude(m, lat, lon):
    return m.get_altitude(lat, lon, NOON)


@case("pysolar", "pysolar.solar", 52.0, 5.0)
def sun_azimuth(m, lat, lon):
    return m.get_azimuth(lat, lon, NOON)


@case("pygeodesy", "pygeodesy.ellipsoidalVincenty", 52.0, 5.0, 48.0, 2.0)
def pygeodesy_distance(m, a, b, c, d):
    return m.LatLon(a, b).distanceTo(m.LatLon(c, d))


@case("thermofeel", "thermofeel.thermofeel", 300.0, 290.0)
def humidex(m, t, dew):
    return m.calculate_humidex(t, dew)


calls(
    "aerocalc3",
    "aerocalc3.std_atm",
    alt2press=(10000.0,),
    density2alt=(0.05,),
    alt2density=(12000.0,),
)
calls("numpy-financial", "numpy_financial", pmt=(0.05, 10.0, 1000.0))
calls("opensimplex", "opensimplex", noise2=(0.3, 1.7))
calls("pytweening", "pytweening", easeInOutElastic=(0.3,), easeOutBounce=(0.8,))
calls(
    "pygasflow",
    "pygasflow.isentropic",
    prandtl_meyer_angle=(2.0, 1.4),
    m_from_prandtl_meyer_angle=(25.0, 1.4),
)
calls("pygasflow", "pygasflow.shockwave", m1_from_total_pressure_ratio=(0.7, 1.4))


@case("aerocalc3", "aerocalc3.airspeed", 250.0, 20000.0)
def true_airspeed(m, speed, height):
    return m.cas2tas(speed, height)


@case("blackscholes", "blackscholes", 55.0, 50.0, 1.0, 0.0025, 0.15)
def blackscholes_vanna(m, *args):
    return m.BlackScholesCall(*args, 0.0).vanna()


@case("colorspacious", "colorspacious", 0.4, 0.7, 0.2)
def cam02_ucs(m, r, g, b):
    return m.cspace_convert([r, g, b], "sRGB1", "CAM02-UCS")[1]


@case("elote", "elote", 1500.0, 80.0)
def glicko_rating(m, rating, deviation):
    player = m.GlickoCompetitor(initial_rating=rating, initial_rd=deviation)
    player.beat(m.GlickoCompetitor(initial_rating=1400.0, initial_rd=70.0))
    return player.rating


@case("geopy", "geopy.distance", 52.0, 5.0)
def geopy_geodesic(m, a, b):
    return m.geodesic((a, b), (48.0, 2.0)).km


@case("glicko2", "glicko2", 1500.0, 200.0)
def glicko2_rating(m, rating, deviation):
    player = m.Player(rating=rating, rd=deviation, vol=0.06)
    player.update_player([1400.0, 1550.0, 1700.0], [30.0, 100.0, 300.0], [1, 0, 0])
    return player.rating


@case("karney", "karney.geodesic", 52.0, 5.0)
def karney_distance(m, a, b):
    return m.distance(a, b, 48.0, 2.0)[0]


@case("navpy", "navpy", 660e3, -4700e3, 4246e3)
def navpy_latitude(m, x, y, z):
    return m.ecef2lla([x, y, z])[0]


@case("numpy-financial", "numpy_financial", 40.0, 60.0)
def internal_rate_of_return(m, a, b):
    return m.irr([-100.0, a, b, 20.0])


@case("nvector", "nvector", 52.0, 5.0)
def nvector_distance(m, a, b):
    earth = m.FrameE(name="WGS84")
    start = earth.GeoPoint(a, b, degrees=True)
    return start.distance_and_azimuth(earth.GeoPoint(48.0, 2.0, degrees=True))[0]


@case("openskill", "openskill.models", 25.0, 8.0)
def openskill_sigma(m, mu, sigma):
    model = m.ThurstoneMostellerFull()
    teams = [[model.rating(mu=mu, sigma=sigma)], [model.rating()]]
    return model.rate(teams)[0][0].sigma


@case("pymeeus", "pymeeus.Coordinates", 1.2, 0.3)
def eccentric_anomaly(m, mean, eccentricity):
    return m.kepler_equation(eccentricity, m.Angle(mean, radians=True))[0].rad()


@case("s2sphere", "s2sphere", 52.0, 5.0)
def s2_distance(m, a, b):
    there = m.LatLng.from_degrees(48.0, 2.0)
    return m.LatLng.from_degrees(a, b).get_distance(there).degrees


@case("seawater", "seawater", 35.0, 15.0, 200.0)
def seawater_density(m, salinity, t, p):
    return m.dens(salinity, t, p)


@case("suncalc", "suncalc", 5.0, 52.0)
def suncalc_altitude(m, lon, lat):
    return m.get_position(datetime(2024, 5, 3, 12, 30, tzinfo=UTC), lon, lat)[
        "altitude"
    ]


@case("svg.path", "svg.path", 0.3)
def arc_height(m, t):
    return m.Arc(0j, complex(2, 1), 30.0, False, True, complex(3, 1)).point(t).imag


@case("tmm", "tmm.tmm_core", 100.0, 500.0)
def reflectance(m, thickness, wavelength):
    inf = float("inf")
    layers, widths = [1.0, 2.2, 3.3, 1.0], [inf, thickness, 300.0, inf]
    return m.coh_tmm("s", layers, widths, 0.3, wavelength)["R"]


@case("transforms3d", "transforms3d.euler", 0.1, 0.2, 0.3)
def euler_matrix(m, a, b, c):
    return m.euler2mat(a, b, c)[0, 1]


@case("xirr", "xirr.math", 300.0, 900.0)
def xirr_rate(m, a, b):
    days = date(2020, 1, 1), date(2020, 8, 1), date(2021, 3, 1)
    return m.xirr(dict(zip(days, (-1000.0, a, b), strict=True)))
