#ifndef RETORT_COPENBLAS_SHIM_H
#define RETORT_COPENBLAS_SHIM_H

// OpenBLAS' CBLAS interface (GEMM and thread control) and LAPACKE's C interface to LAPACK.
#include <cblas.h>
#include <lapacke.h>

#endif
