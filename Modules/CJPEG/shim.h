#ifndef RETORT_CJPEG_SHIM_H
#define RETORT_CJPEG_SHIM_H

// jpeglib.h uses FILE and size_t without declaring them.
#include <stdio.h>
#include <jpeglib.h>

#endif
