"""The reasons of an attestation in both languages."""

from typing import Final

from domain.finding import Reason

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "SERVER_MISSING": ("服务器 {subject} 未作答", "the server {subject} did not answer"),
    "SERVER_PHANTOM": (
        "服务器 {subject} 无自有 GPU 作答，疑为虚构",
        "no GPU of its own answers in the server {subject}: it may not exist",
    ),
    "SERVER_MOVED": ("服务器 {subject} 不在登记机房", "the server {subject} does not stand where it should"),
    "SERVER_RELABELLED": (
        "服务器 {subject} 的 GPU 登记于另一台服务器 {other}",
        "the GPUs of the server {subject} were pledged with another server: {other}",
    ),
    "GPU_REPLACED": ("服务器 {subject} 的部分 GPU 已更换", "some GPUs of the server {subject} are others than pledged"),
    "GPUS_MISSING": (
        "服务器 {subject} 作答的 GPU 少于登记数量",
        "fewer GPUs answer in {subject} than it was pledged with",
    ),
    "DEVICE_UNKNOWN": (
        "服务器 {subject} 的设备号不在参考表中",
        "{subject} has a device id that the reference does not list",
    ),
    "DEVICE_MISMATCH": (
        "服务器 {subject} 的 GPU 不是登记的 {other}",
        "the GPUs of the server {subject} are not the {other} that was pledged",
    ),
    "MEMORY_MISMATCH": (
        "服务器 {subject} 的显存与设备号不符",
        "the memory of GPUs in the server {subject} does not fit their device id",
    ),
    "POWER_TOO_LOW": (
        "服务器 {subject} 功率低于所称 GPU 工作时的下限",
        "the server {subject} draws less than its GPUs would at work",
    ),
    "POWER_TOO_HIGH": (
        "服务器 {subject} 功率高于所称 GPU 的上限",
        "the server {subject} draws more than such GPUs can",
    ),
    "METER_DISAGREES": (
        "服务器功率之和与电表 {subject} kW 相差超过 15%",
        "the sum of the servers is more than 15 % off the meter's {subject} kW",
    ),
    "MISSING_SHARE_AMBER": ("缺失占比 {subject} 超过 0.5%", "the missing share {subject} is above 0.5 %"),
    "MISSING_SHARE_RED": ("缺失占比 {subject} 超过 2%", "the missing share {subject} is above 2 %"),
    "NOTHING_PLEDGED_HERE": ("机房 {subject} 无登记的抵押服务器", "no pledged server should stand at {subject}"),
}


def reason(code: str, subject: str, *, other: str = "") -> Reason:
    """A reason; ``subject`` is the server's identity, or the figure spoken of."""
    chinese, english = _WORDS[code]
    return Reason(
        code=code,
        message_zh=chinese.format(subject=subject, other=other),
        message_en=english.format(subject=subject, other=other),
        subject=subject,
    )
