"""What a car may have on board: a fixed list of codes, so that buyers can search for it."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Group(NamedTuple):
    """A part of the list, with its heading."""

    name: Promise
    items: dict[str, Promise]


GROUPS = (
    Group(_("Comfort"), {
        "air_conditioning": _("Air conditioning"),
        "climate_control": _("Automatic climate control"),
        "heated_seats": _("Heated seats"),
        "ventilated_seats": _("Ventilated seats"),
        "electric_seats": _("Electrically adjustable seats"),
        "massage_seats": _("Massage seats"),
        "leather": _("Leather seats"),
        "armrest": _("Armrest"),
        "heated_steering_wheel": _("Heated steering wheel"),
        "multifunction_wheel": _("Multifunction steering wheel"),
        "electric_windows": _("Electric windows"),
        "electric_tailgate": _("Electric tailgate"),
        "keyless": _("Keyless entry and start"),
        "central_locking": _("Central locking"),
        "auxiliary_heating": _("Auxiliary heating"),
        "heated_windscreen": _("Heated windscreen"),
        "rain_sensor": _("Rain sensor"),
        "cruise_control": _("Cruise control"),
        "adaptive_cruise": _("Adaptive cruise control"),
        "head_up_display": _("Head-up display"),
        "air_suspension": _("Air suspension"),
        "power_steering": _("Power steering"),
    }),
    Group(_("Parking and assistance"), {
        "sensors_front": _("Parking sensors, front"),
        "sensors_rear": _("Parking sensors, rear"),
        "rear_camera": _("Rear camera"),
        "camera_360": _("360° camera"),
        "park_assist": _("Parks itself"),
        "lane_assist": _("Lane keeping assistant"),
        "blind_spot": _("Blind spot assistant"),
        "traffic_signs": _("Traffic sign recognition"),
        "hill_start": _("Hill start assistant"),
        "start_stop": _("Start-stop system"),
    }),
    Group(_("Safety"), {
        "abs": _("ABS"),
        "esp": _("Stability control (ESP)"),
        "airbags_front": _("Front airbags"),
        "airbags_side": _("Side airbags"),
        "emergency_brake": _("Emergency braking assistant"),
        "tyre_pressure": _("Tyre pressure monitor"),
        "isofix": _("Isofix for child seats"),
        "alarm": _("Alarm"),
        "immobiliser": _("Immobiliser"),
    }),
    Group(_("Light"), {
        "led": _("LED headlights"),
        "matrix": _("Matrix headlights"),
        "xenon": _("Xenon headlights"),
        "fog_lights": _("Fog lights"),
        "cornering_light": _("Cornering light"),
        "light_sensor": _("Light sensor"),
    }),
    Group(_("Sound and screens"), {
        "navigation": _("Navigation"),
        "carplay": _("Apple CarPlay"),
        "android_auto": _("Android Auto"),
        "bluetooth": _("Bluetooth"),
        "hands_free": _("Hands-free telephone"),
        "usb": _("USB"),
        "dab": _("Digital radio (DAB)"),
        "sound_system": _("Sound system"),
        "wireless_charging": _("Wireless charging of telephones"),
        "digital_cockpit": _("Digital instruments"),
    }),
    Group(_("Outside and load"), {
        "alloy_wheels": _("Alloy wheels"),
        "winter_tyres": _("Winter tyres"),
        "all_season_tyres": _("All-season tyres"),
        "spare_wheel": _("Spare wheel"),
        "tow_bar": _("Tow bar"),
        "roof_rails": _("Roof rails"),
        "roof_rack": _("Roof rack"),
        "sunroof": _("Sunroof"),
        "panorama_roof": _("Panoramic roof"),
        "tinted_windows": _("Tinted windows"),
        "folding_mirrors": _("Electrically folding mirrors"),
        "sports_package": _("Sports package"),
        "sports_suspension": _("Sports suspension"),
        "split_rear_seats": _("Rear seats that fold in parts"),
        "heat_pump": _("Heat pump"),
        "fast_charging": _("Fast charging (DC)"),
        "charging_cable": _("Charging cable"),
        "particle_filter": _("Particle filter"),
    }),
    Group(_("History"), {
        "service_history": _("Full service history"),
        "warranty": _("Warranty"),
        "non_smoker": _("From non-smokers"),
        "new_inspection": _("New inspection on sale"),
        "disabled_access": _("Suitable for disabled people"),
        "taxi": _("Was a taxi or rental car"),
        "right_hand_drive": _("Right-hand drive"),
        "imported": _("Imported"),
    }),
)  # fmt: skip
NAMES = {code: name for group in GROUPS for code, name in group.items.items()}
"""Every code in the order in which they are shown."""


def equipment_known(codes: object) -> None:
    """Raises ValidationError for anything but a list of codes."""
    if not isinstance(codes, list) or not all(isinstance(code, str) and code in NAMES for code in codes):
        raise ValidationError(_("Choose the equipment from the list."))


def ordered(codes: Collection[str]) -> list[str]:
    """The codes once each, in the list's order: equal equipment is an equal value."""
    return [code for code in NAMES if code in codes]


def grouped(codes: Collection[str]) -> Iterator[tuple[Promise, list[Promise]]]:
    """The names of what a car has, under their headings; headings without any are left out."""
    for group in GROUPS:
        if names := [name for code, name in group.items.items() if code in codes]:
            yield group.name, names
