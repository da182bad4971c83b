"""What of `scipy.special` has no rule, and why: the page of what is covered reads it."""

from __future__ import annotations

UNSUPPORTED: dict[str, str] = {
    "it takes integers, or counts": """
        bernoulli comb euler factorial factorial2 factorialk perm stirling2
        round nbdtr nbdtrc bdtr bdtrc lpmv""",
    "it gives zeros, nodes or coefficients for a degree": """
        ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros erf_zeros fresnel_zeros
        fresnelc_zeros fresnels_zeros jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros
        kelvin_zeros ker_zeros kerp_zeros y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros legendre
        chebyt chebyu chebyc chebys jacobi laguerre genlaguerre hermite hermitenorm gegenbauer
        sh_legendre sh_chebyt sh_chebyu sh_jacobi roots_legendre roots_chebyt roots_chebyu
        roots_chebyc roots_chebys roots_jacobi roots_laguerre roots_genlaguerre roots_hermite
        roots_hermitenorm roots_gegenbauer roots_sh_legendre roots_sh_chebyt roots_sh_chebyu
        roots_sh_jacobi p_roots t_roots u_roots c_roots s_roots j_roots l_roots la_roots h_roots
        he_roots cg_roots ps_roots ts_roots us_roots js_roots mathieu_even_coef mathieu_odd_coef
        obl_cv_seq pro_cv_seq""",
    "it makes a plain array of a Tensor, and warns: use gradtape.special": """
        logsumexp softmax log_softmax multigammaln polygamma softplus""",
    "it makes a plain array of a Tensor, and warns: use its ufunc (jv for jvp, jv of order n + 1/2 "
    "for spherical_jn)": """
        assoc_laguerre diric h1vp h2vp ivp jvp kvp yvp lmbda lqmn lqn pbdn_seq pbdv_seq pbvv_seq
        riccati_jn riccati_yn spherical_jn spherical_yn spherical_in spherical_kn assoc_legendre_p
        assoc_legendre_p_all legendre_p legendre_p_all sph_harm_y sph_harm_y_all sph_legendre_p
        sph_legendre_p_all ellip_harm ellip_harm_2 ellip_normal""",
    "the derivative has no closed form": """
        agm bdtri bdtrik bdtrin btdtria btdtrib chdtriv chndtr chndtridf chndtrinc chndtrix fdtridfd
        gdtria gdtrib gdtrix kolmogi kolmogorov nbdtri nbdtrik nbdtrin ncfdtr ncfdtri ncfdtridfd
        ncfdtridfn ncfdtrinc nctdtr nctdtridf nctdtrinc nctdtrit nrdtrimn nrdtrisd pdtrik smirnov
        smirnovi stdtridf mathieu_a mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2
        mathieu_modsem1 mathieu_modsem2 mathieu_sem obl_ang1 obl_ang1_cv obl_cv obl_rad1 obl_rad1_cv
        obl_rad2 obl_rad2_cv pro_ang1 pro_ang1_cv pro_cv pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv
        wright_bessel log_wright_bessel tklmbda""",
    "nobody has written the rule yet": """
        elliprc elliprd elliprf elliprg elliprj ellipj eval_chebyc eval_chebys eval_sh_chebyt
        eval_sh_chebyu eval_sh_jacobi eval_sh_legendre pdtr pdtrc pdtri powm1 airye hankel1e
        hankel2e it2i0k0 it2j0y0 it2struve0 itairy itmodstruve0 itstruve0 kelvin modfresnelm
        modfresnelp pbdv pbvv pbwa zetac besselpoly radian voigt_profile""",
    "it looks at settings": "geterr seterr",
}
"""By reason, the names of functions."""
