// Retort's numerical kernels: plain C, one job each, chosen at run time by what the processor offers.
//
// Contracts common to all: pointers may have any alignment unless a comment says otherwise; counts are in elements;
// input and output may be the same buffer where a comment says "in place"; nothing here allocates or calls back.
#ifndef RETORT_CKERNELS_H
#define RETORT_CKERNELS_H

#include "CKernelsDispatch.h"
#include "CKernelsFloat.h"
#include "CKernelsFunctions.h"
#include "CKernelsInteger.h"

#endif
