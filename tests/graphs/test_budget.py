"""What one sample of ordinary size costs at N = 5 in merged mode: at most 16 calls and 14,000 prompt tokens.

Text is counted with CLIP's byte-pair encoding, the one real tokenizer that ships inside an installed package. Its
vocabulary is a third of Qwen2-VL's, so it counts rather too many than too few. Pictures cost Qwen2-VL's 28 x 28 px a
token: 1,369 for the sample at 1,024 px, 256 for a candidate at 448 px.
"""

import pytest
from open_clip.tokenizer import SimpleTokenizer
from workbench import Asked, Bench, Painter, Table

from data.sample import Domain, Modality

TEMPLATE = 20
"""Tokens that a chat template adds to a question."""


@pytest.fixture(scope="module")
def tokenizer() -> SimpleTokenizer:
    return SimpleTokenizer()


def prompt_tokens(asked: Asked, tokenizer: SimpleTokenizer) -> int:
    encode = tokenizer.encode
    pictures = sum(round(width / 28) * round(height / 28) for width, height in asked.pictures)
    return TEMPLATE + len(encode(asked.system)) + len(encode(asked.text)) + pictures


@pytest.mark.parametrize(
    ("domain", "missing", "calls", "tokens"),
    [
        (Domain.GENERAL, Modality.IMAGE, 11, 4_200),
        (Domain.GENERAL, Modality.TEXT, 16, 5_400),
        (Domain.XRAY, Modality.IMAGE, 11, 7_200),
        (Domain.XRAY, Modality.TEXT, 16, 8_600),
    ],
)
async def test_calls_and_prompt_tokens(
    bench: Bench, tokenizer: SimpleTokenizer, domain: Domain, missing: Modality, calls: int, tokens: int
) -> None:
    table = Table(domain, "report" if domain is Domain.XRAY else "plot")
    record = await bench.complete(
        missing, sample=bench.sample(side=1024), table=table, generator=Painter(side=1024)
    )
    spent = sum(prompt_tokens(asked, tokenizer) for asked in bench.oracle.asked)
    print(f"{domain}, {missing} missing: {record.usage.calls} calls, {spent:,} prompt tokens")
    assert record.usage.calls == calls <= 16
    assert spent <= tokens <= 14_000
    sizes = {size for asked in bench.oracle.asked for size in asked.pictures}
    assert sizes == ({(448, 448)} if missing is Modality.IMAGE else {(1024, 1024)})
