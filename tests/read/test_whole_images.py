"""Whole images X[c,:,:] among several, layers z^{l}, and updates in code; truth by hand."""

from __future__ import annotations

import pytest

from tests.read.saying import said

IMAGES = """size N C O H W R S
tensor X[N,C,H,W] K[O,C,R,S] F[C,R,S]
define Y = correlate(X, K)
loss L(Y)
upstream dY = Y, dX = X
op \\star = correlation valid, image first
outside zero"""


@pytest.mark.parametrize(
    "latex",
    [
        "X[n,c,:,:] + X[n,c,:,:] = 2 X[n,c,:,:]",
        r"X[n,c,:,:] \star F[c,:,:] = X[n,c,:,:] \star F[c,:,:]",
        r"(X[n,c,:,:] + X[n,c,:,:]) \star F[c,:,:] = 2 X[n,c,:,:] \star F[c,:,:]",
    ],
)
def test_a_true_equation_of_images_is_proved(latex: str) -> None:
    assert said(IMAGES, latex) == ["proved for all sizes"]


@pytest.mark.parametrize(
    ("latex", "verdict"),
    [
        ("X[n,c,:,:] = 2 X[n,c,:,:]", "refuted; N=1, C=1, H=1, W=1, n=0, c=0 at i=0, j=0: "),
        # the image of one channel for that of another
        ("X[n,c,:,:] = X[n,0,:,:]", "refuted; N=1, C=2, H=1, W=1, n=0, c=1 at i=0, j=0: the claim gives X[0, 0, 0, 0]"),
        # one channel for the sum over all
        (r"Y[n,o,:,:] = X[n,0,:,:] \star K[o,0,:,:]", "refuted; O=1, C=2, "),
        (r"(X[n,c,:,:] + X[n,c,:,:]) \star F[c,:,:] = 3 X[n,c,:,:] \star F[c,:,:]", "refuted; "),
        ("Y[n,o,:,:] = X[n,o,:,:]", "ill formed: the first axis has extent H - R + 1 on the left and H on the right"),
        ("X[n,:,:] = X[n,:,:]", "ill formed: "),
    ],
)
def test_a_false_equation_of_images_is_not(latex: str, verdict: str) -> None:
    assert said(IMAGES, latex)[0].startswith(verdict)


@pytest.mark.parametrize(
    "latex",
    [
        r"dX[n,c,i+u,j+v] \mathrel{+}= dY[n,o,i,j] K[o,c,u,v]",
        "dX[n,c,i+u,j+v] += dY[n,o,i,j] K[o,c,u,v]",
        "dX[n,c,i+u,j+v] += 0",
    ],
)
def test_an_update_is_no_claim(latex: str) -> None:
    """A line of a loop says what is added, not what is equal; whether it is right or wrong is not judged."""
    assert said(IMAGES, latex) == ["not a claim: an update, not an equality"]


LAYERS = "tensor z[4]^{l} w[4]^{l} a[4]^{l}\nindex l in 1..5\nfunction g\noutside zero"


def test_images_are_told_apart_by_a_superscript() -> None:
    true, false = said(LAYERS, "z^{l} + w^{l} = w^{l} + z^{l}", "z^{l} + w^{l} = w^{l} - z^{l}")
    assert true == "proved for all sizes"
    assert false.startswith("refuted; ")


@pytest.mark.parametrize("latex", ["z_i^{l} = z_i^{l-1} + w_i^{l}", "z^{l}_{i} = w_i^{l} z_i^{l+1}"])
def test_a_recurrence_over_layers_is_no_definition(latex: str) -> None:
    """A formula for a layer by the one below defines no tensor at once."""
    (verdict,) = said(LAYERS, latex)
    assert verdict.startswith("not understood: ")
    assert "z made of itself, in a layer" in verdict


def test_two_formulas_that_make_a_circle_of_layers_are_refused() -> None:
    first, second = said(LAYERS, "z_i^{l} = w_i^{l} a_i^{l-1}", "a_i^{l} = g(z_i^{l})")
    assert first == "definition"
    assert "a made of itself, in a layer below; expected layers with names of their own" in second
