"""Makes a copy of ONNX Runtime that takes its AVX2 kernels on a processor with AVX-512.

    keep_to_avx2.py FOLDER        # prints the environment to measure in

ONNX Runtime asks the processor itself, and no setting says otherwise. In the copy every `cpuid` instruction is an invalid one of
the same length; a library that is loaded first answers these instead: as the processor does, but without AVX-512, VNNI and AMX.
x86-64 Linux, with objdump, readelf and a C compiler.
"""

import pathlib
import re
import shutil
import subprocess
import sys

import onnxruntime

CPUID, INVALID = b"\x0f\xa2", b"\x0f\x0b"

ANSWERS = r"""
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <ucontext.h>

static void answer(int number, siginfo_t *info, void *context) {
    greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *at = (const unsigned char *)r[REG_RIP];
    unsigned leaf = (unsigned)r[REG_RAX], part = (unsigned)r[REG_RCX], a, b, c, d;
    if (at[0] != 0x0F || at[1] != 0x0B) {
        signal(number, SIG_DFL);
        return;
    }
    __cpuid_count(leaf, part, a, b, c, d);
    if (leaf == 7 && part == 0) {
        b &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31);
        c &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
        d &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
    }
    if (leaf == 7 && part == 1) {
        a &= ~(1u << 4 | 1u << 5 | 1u << 21 | 1u << 23);
        d &= ~(1u << 4 | 1u << 5 | 1u << 10 | 1u << 19);
    }
    r[REG_RAX] = a, r[REG_RBX] = b, r[REG_RCX] = c, r[REG_RDX] = d, r[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
    struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGILL, &action, 0);
}
"""


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def exchange(library):
    """Exchanges every cpuid instruction of a library, and returns how many there were."""
    segments = [line.split() for line in output_of("readelf", "-lW", library).splitlines()]
    segments = [(int(p[1], 16), int(p[2], 16), int(p[4], 16)) for p in segments if p and p[0] == "LOAD"]
    found = re.findall(r"^\s*([0-9a-f]+):\s+cpuid", output_of("objdump", "-d", "--no-show-raw-insn", library), re.M)
    content = bytearray(library.read_bytes())
    for address in (int(text, 16) for text in found):
        offset = next(place + address - start for place, start, size in segments if start <= address < start + size)
        assert content[offset:offset + 2] == CPUID
        content[offset:offset + 2] = INVALID
    library.write_bytes(content)
    return len(found)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True)
    source = pathlib.Path(onnxruntime.__file__).parent
    shutil.copytree(source, folder / "onnxruntime")
    counts = [exchange(library) for library in (folder / "onnxruntime" / "capi").glob("onnxruntime_pybind11_state*.so")]
    if not sum(counts):
        sys.exit("no cpuid instruction found: nothing to keep to AVX2")
    (folder / "answers.c").write_text(ANSWERS)
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", folder / "answers.so", folder / "answers.c"], check=True)
    print(f"LD_PRELOAD={folder}/answers.so PYTHONPATH={folder} RETORT_SIMD=avx2")


if __name__ == "__main__":
    main()
