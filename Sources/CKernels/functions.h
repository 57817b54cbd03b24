// Functions of one number as straight-line C, so that a loop over them vectorises at every level. All multiply-adds are
// written out as fused ones and nothing else is contracted: the bits are the same at every level.
#ifndef RETORT_FUNCTIONS_H
#define RETORT_FUNCTIONS_H

#include "kernel.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

#define FMA __builtin_fmaf

// Numbers outside of a range become its ends; NaN stays, since comparisons with it are false.
RK_BODY float within(float x, float low, float high) { return x < low ? low : x > high ? high : x; }

// 2ⁿ for n of -126 ... 127.
RK_BODY float power_of_two(int32_t n) {
    uint32_t bits = ((uint32_t)n + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

// x = k ln 2 + r with |r| <= ln 2 / 2, and exp(r) - 1 for that r: the minimax polynomial of degree 6 in r, off by 3e-9
// of exp(r). ln 2 comes in two parts, of which k times the first is exact. Adding 1.5 · 2²³ rounds to a whole number,
// which then stands in the low bits.
RK_BODY float exp_of_rest(float x, int32_t *k) {
    float shifted = FMA(x, 1.44269504f, 12582912.0f);
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    *k = (int32_t)((uint32_t)bits - 0x4B400000u);
    float whole = shifted - 12582912.0f;
    float r = FMA(whole, -1.42860677e-6f, FMA(whole, -0.693145752f, x));
    float p = FMA(0.00138214463f, r, 0.00836866163f);
    p = FMA(p, r, 0.0416682549f);
    p = FMA(p, r, 0.166665211f);
    p = FMA(p, r, 0.49999994f);
    return FMA(p, r * r, r);
}

// exp(x). The power of two comes in two factors, so that results below the normal numbers are there too.
RK_BODY float exp_of(float x) {
    int32_t k;
    float e = 1.0f + exp_of_rest(within(x, -104.0f, 89.0f), &k);
    int32_t half = k >> 1;
    return e * power_of_two(half) * power_of_two((int32_t)((uint32_t)k - (uint32_t)half));
}

// exp(x) - 1 for x <= 0.
RK_BODY float expm1_of_nonpositive(float x) {
    int32_t k;
    float rest = exp_of_rest(within(x, -18.0f, 0.0f), &k);
    float power = power_of_two(k);
    return FMA(power, rest, power - 1.0f);
}

// tanh |x| = -t / (2 + t) with t = exp(-2 |x|) - 1.
RK_BODY float tanh_of(float x) {
    float t = expm1_of_nonpositive(-2.0f * fabsf(x));
    return copysignf(-t / (2.0f + t), x);
}

// 1 / (1 + exp(-|x|)), times exp(-|x|) left of 0, so that small results keep all their digits.
RK_BODY float sigmoid_of(float x) {
    float e = exp_of(-fabsf(x));
    float y = 1.0f / (1.0f + e);
    return x < 0 ? e * y : y;
}

// Below 0.93 x (1 + P(x²)) with a minimax polynomial; above 1 - exp(-|x| (1 + Q(|x|))), where Q is one of
// -ln(1 - erf(t)) / t - 1. From 4 on the result is 1.
RK_BODY float erf_of(float x) {
    float s = x * x;
    float p = FMA(-0.000595954945f, s, 0.00498734741f);
    p = FMA(p, s, -0.0267629642f);
    p = FMA(p, s, 0.11281731f);
    p = FMA(p, s, -0.376124889f);
    p = FMA(p, s, 0.128379151f);
    float near = FMA(p, x, x);
    float t = within(fabsf(x), 0.0f, 4.0f);
    float q = FMA(-0.000213645515f, t, 0.00321214343f);
    q = FMA(q, t, -0.0228809062f);
    q = FMA(q, t, 0.105247654f);
    q = FMA(q, t, 0.635729134f);
    q = FMA(q, t, 0.128511146f);
    float far = 1.0f - exp_of(-FMA(q, t, t));
    return fabsf(x) < 0.93f ? near : copysignf(far, x);
}

// ln(1 + e) for e of 0 ... 1: 2 artanh(s) with s = e / (2 + e), a minimax polynomial in s².
RK_BODY float log1p_of_share(float e) {
    float s = e / (2.0f + e);
    float z = s * s;
    float p = FMA(0.140138268f, z, 0.139992371f);
    p = FMA(p, z, 0.200108707f);
    p = FMA(p, z, 0.333332062f);
    return FMA(2.0f * s, z * p, 2.0f * s);
}

RK_BODY float erf_slope(float x) { return 1.12837917f * exp_of(-(x * x)); }

RK_BODY float sigmoid_slope(float x) {
    float e = exp_of(-fabsf(x));
    float y = 1.0f / (1.0f + e);
    return e * y * y;
}

// 1 - tanh²(x), without a difference of numbers that are nearly 1.
RK_BODY float tanh_slope(float x) { return 4.0f * sigmoid_slope(2.0f * x); }

RK_BODY float silu_of(float x) { return x * sigmoid_of(x); }

RK_BODY float silu_slope(float x) {
    float y = sigmoid_of(x);
    return FMA(x, sigmoid_slope(x), y);
}

RK_BODY float gelu_of(float x) {
    float half = 0.5f * x;
    return FMA(half, erf_of(x * 0.707106781f), half);
}

RK_BODY float gelu_slope(float x) {
    float share = FMA(0.5f, erf_of(x * 0.707106781f), 0.5f);
    return FMA(x, 0.398942280f * exp_of(-0.5f * (x * x)), share);
}

// √(2 / π) (x + 0.044715 x³); from 10 on its tanh is 1.
RK_BODY float gelu_tanh_inner(float bounded) {
    return bounded * FMA(0.0356774081f, bounded * bounded, 0.797884561f);
}

RK_BODY float gelu_tanh_of(float x) {
    float half = 0.5f * x;
    return FMA(half, tanh_of(gelu_tanh_inner(within(x, -10.0f, 10.0f))), half);
}

RK_BODY float gelu_tanh_slope(float x) {
    float bounded = within(x, -10.0f, 10.0f);
    float inner = gelu_tanh_inner(bounded);
    float inner_slope = FMA(0.107032224f, bounded * bounded, 0.797884561f);
    return FMA(0.5f * bounded * tanh_slope(inner), inner_slope, FMA(0.5f, tanh_of(inner), 0.5f));
}

RK_BODY float softplus_of(float x) { return (x > 0 ? x : 0) + log1p_of_share(exp_of(-fabsf(x))); }

RK_BODY float hard_swish_of(float x) { return x * (within(x + 3.0f, 0.0f, 6.0f) * 0.166666667f); }

RK_BODY float hard_swish_slope(float x) {
    return x <= -3.0f ? 0.0f : x >= 3.0f ? 1.0f : FMA(x, 0.333333333f, 0.5f);
}

RK_BODY float elu_of(float x, float alpha, float scale) {
    return scale * (x > 0 ? x : alpha * expm1_of_nonpositive(x));
}

RK_BODY float elu_slope(float x, float alpha, float scale) {
    return scale * (x > 0 ? 1.0f : alpha * exp_of(x));
}

RK_BODY float leaky_relu_of(float x, float slope) { return x > 0 ? x : slope * x; }

RK_BODY float leaky_relu_slope(float x, float slope) { return x > 0 ? 1.0f : slope; }

RK_BODY float hard_sigmoid_of(float x, float slope, float offset) {
    return within(FMA(slope, x, offset), 0.0f, 1.0f);
}

RK_BODY float hard_sigmoid_slope(float x, float slope, float offset) {
    float y = FMA(slope, x, offset);
    return y > 0.0f && y < 1.0f ? slope : 0.0f;
}

#endif
