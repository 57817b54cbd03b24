// Retort's pixel kernels, used by Augment alone: warp, lookup table, noise, normalise.
#ifndef RETORT_CIMAGEKERNELS_H
#define RETORT_CIMAGEKERNELS_H

#include <stddef.h>
#include <stdint.h>

#endif
