# make demo   installs what is missing, builds optimised, distils a student on embedded digits and reports
# make test   installs what is missing, runs every test optimised
# make check  what continuous integration adds to that: plain build, examples, format

PACKAGES := libopenblas-dev liblapacke-dev zlib1g-dev libpng-dev libjpeg-dev
OPTIMISED := -c release
DEMO ?=

# Tests of the real data sets look here; they say that they were skipped where nothing is found.
export RETORT_DATA ?= $(wildcard $(abspath ../shared/data))

.PHONY: demo test check dependencies examples dependent format clean

demo: dependencies
	swift build $(OPTIMISED) --product retort
	"$$(swift build $(OPTIMISED) --show-bin-path)/retort" demo $(DEMO)

test: dependencies
	swift test $(OPTIMISED) -Xswiftc -enable-testing --scratch-path .build-testing

check: examples dependent format

examples:
	Scripts/run-examples

# A package that depends on this one builds and trains a network in a few lines.
dependent:
	swift run $(OPTIMISED) --package-path Tests/Dependent

format:
	swift format lint --strict --recursive Package.swift Sources Tests Examples Benchmarks

dependencies:
	@Scripts/install-dependencies $(PACKAGES)

clean:
	rm -rf .build .build-testing Tests/Dependent/.build retort-report
