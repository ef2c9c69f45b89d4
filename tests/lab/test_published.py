"""published.csv: what a spreadsheet makes of it is read, and every slip is told with its line."""

import math

import pytest

from labproof.errors import LabError
from labproof.lab import published
from project import ROOT

HEAD = "cell,group,metric,value,note\n"


def read(tmp_path, text, **options):
    """Rows of a file with these bytes, or this text."""
    file = tmp_path / "published.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return published.read("published.csv", tmp_path, **options)


def test_rows_are_text_but_for_the_value(tmp_path):
    rows = read(tmp_path, HEAD + '1,NA,loss,2.5,"a, b"\n\n1,007,accuracy,,above 0.9\n', cells=["1"])
    first = {"cell": "1", "group": "NA", "metric": "loss", "value": 2.5, "note": "a, b"}
    assert rows[0] == first
    assert rows[1]["group"] == "007" and math.isnan(rows[1]["value"])


def test_what_spreadsheets_write_is_read(tmp_path):
    text = HEAD + "a, ö,accuracy,0.5,\n"
    wanted = read(tmp_path, text)
    assert wanted[0]["group"] == "ö"
    assert read(tmp_path, b"\xef\xbb\xbf" + text.encode()) == wanted  # byte order mark
    assert read(tmp_path, text.replace("\n", "\r\n")) == wanted
    assert read(tmp_path, text.rstrip()) == wanted


@pytest.mark.parametrize("metric", ["accuracy", "val_accuracy", "loss", "val_loss"])
def test_every_number_of_the_pages_tables_is_known(tmp_path, metric):
    assert read(tmp_path, f"{HEAD}a,b,{metric},0.5,\n")[0]["metric"] == metric


def test_those_of_the_lab_are_read():
    assert len(published.read("config/labs/lab3/published.csv", ROOT)) > 30


ROW = "a,b,accuracy,0.5,\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "line 1: must be cell,group,metric,value,note.*but is empty"),
        ("cell,group,metric,value\n", "line 1: must be cell,group,metric,value,note"),
        (HEAD.replace(",", ";"), "line 1: semicolons stand between the columns"),
        (HEAD.replace(",", "\t"), "line 1: tabs stand between the columns"),
        ("cell,cell\n", "line 1: two columns have one name"),
        (HEAD + ROW + ROW, "line 3: says again what line 2 says"),
        (HEAD + ROW + "a,b,accuracy,0.6,\n", "line 3: says again what line 2 says"),
        (HEAD + "a,b,accuracy,0.5,one, two\n", "line 2: has 6 values, but 5 columns"),
        (HEAD + "a,b,accuracy\n", "line 2: has 3 values, but 5 columns"),
        (HEAD + ROW + 'a,"b,accuracy,0.5,\n', "line 3: is not valid CSV"),
        (HEAD.encode() + b"a,M\xfcller,accuracy,0.5,\n", "line 2: is not text in UTF-8"),
        ((HEAD + ROW).encode("utf-16"), "line 1: is not text in UTF-8"),
        (HEAD + "a,b,accuracy,0,85\n", 'line 2: the note "85" is a number. Write 0.85'),
        (HEAD + "a,b,accuracy,0,85,\n", "line 2: has 6 values.*numbers with a point"),
        (HEAD + 'a,b,accuracy,"0,85",\n', 'line 2: the value "0,85" is no number'),
        (HEAD + "a,b,accuracy,85,\n", "line 2: the accuracy 85 cannot be: it is from 0 to 1"),
        (HEAD + "a,b,val_accuracy,-0.1,\n", "the val_accuracy -0.1 cannot be"),
        (HEAD + "a,b,loss,inf,\n", "line 2: the loss inf cannot be: it is 0 or more"),
        (HEAD + "a,b,loss,nan,\n", 'line 2: the value "nan" is no number'),
        (HEAD + "a,b,loss,,\n", 'line 2: the value "" is no number'),
        (HEAD + "a,,loss,1,\n", "line 2: the group is empty"),
        (HEAD + "a,b,los,1,\n", 'the metric "los" is not known. Did you mean "loss"'),
        (HEAD + "plian,b,loss,1,\n", 'the cell "plian" is not known. Did you mean "plain"'),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path, text, wanted):
    with pytest.raises(LabError, match=f"^published.csv.*{wanted}"):
        read(tmp_path, text, cells=["a", "plain"])


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(LabError, match=r"gone.csv: cannot be read \(No such file"):
        published.read("gone.csv", tmp_path)
