#ifndef RETORT_CPNG_SHIM_H
#define RETORT_CPNG_SHIM_H

#include <png.h>

#endif
