"""What of `scipy.special` has no rule, and why: errors and the page of what is covered read it."""

from __future__ import annotations

import numpy as np
from scipy import special

from gradtape.core.errors import SPELLINGS
from gradtape.core.rules import WHY_NOT

UNSUPPORTED: dict[str, str] = {
    "it takes integers, or counts": """
        bernoulli comb euler factorial factorial2 factorialk perm stirling2""",
    "it gives zeros, nodes or coefficients for a degree": """
        ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros erf_zeros fresnel_zeros
        fresnelc_zeros fresnels_zeros jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros
        kelvin_zeros ker_zeros kerp_zeros y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros
        roots_legendre roots_chebyt roots_chebyu roots_chebyc roots_chebys roots_jacobi
        roots_laguerre roots_genlaguerre roots_hermite roots_hermitenorm roots_gegenbauer
        roots_sh_legendre roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi p_roots t_roots u_roots
        c_roots s_roots j_roots l_roots la_roots h_roots he_roots cg_roots ps_roots ts_roots
        us_roots js_roots mathieu_even_coef mathieu_odd_coef obl_cv_seq pro_cv_seq""",
    "it gives a polynomial for a degree, which may be called with a Tensor": """
        legendre chebyt chebyu chebyc chebys jacobi laguerre genlaguerre hermite hermitenorm
        gegenbauer sh_legendre sh_chebyt sh_chebyu sh_jacobi""",
    "it makes a plain array of a Tensor, and warns: use gradtape.special": """
        logsumexp softmax log_softmax multigammaln polygamma spherical_jn spherical_yn spherical_in
        spherical_kn""",
    "it makes a plain array of a Tensor, and warns: use the ufunc eval_legendre, or cosines": """
        legendre_p legendre_p_all assoc_legendre_p assoc_legendre_p_all sph_legendre_p
        sph_legendre_p_all sph_harm_y sph_harm_y_all lqn lqmn diric""",
    "it takes single Python numbers": """
        lmbda pbdn_seq pbdv_seq pbvv_seq riccati_jn riccati_yn ellip_harm ellip_harm_2
        ellip_normal""",
    "its expansion has coefficients without derivatives": """
        mathieu_a mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2 mathieu_modsem1
        mathieu_modsem2 mathieu_sem obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv obl_rad2
        obl_rad2_cv pro_ang1 pro_ang1_cv pro_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv""",
    "its derivatives are not written yet": """
        ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf nctdtrinc nctdtrit
        chndtridf smirnov smirnovi besselpoly lpmv""",
    "it looks at settings": "geterr seterr",
}
"""By reason, the names of functions."""

for _reason, _names in UNSUPPORTED.items():
    for _name in _names.split():
        _function = getattr(special, _name, None)
        if isinstance(_function, np.ufunc):
            WHY_NOT[_function] = _reason

SPELLINGS["scipy.special.comb"] = "scipy.special.binom"
SPELLINGS["scipy.special.legendre_p"] = "scipy.special.eval_legendre"
