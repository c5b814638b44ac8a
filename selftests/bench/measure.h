/* SPDX-License-Identifier: GPL-2.0-only */
/* What all programs of the bench do with a row once it is set up: repeat it, and say so. */
#ifndef _BENCH_MEASURE_H
#define _BENCH_MEASURE_H

/**
 * struct measure - a row that is ready to run
 * @label: whose it is, printed before all else
 * @row: its name
 * @units: packets, requests or messages of a repetition
 * @least: and of the least that can be run
 * @run: run so many
 * @arg: for @run
 */
struct measure {
	const char *label;
	const char *row;
	unsigned int units;
	unsigned int least;
	void (*run)(void *arg, unsigned int units);
	void *arg;
};

/*
 * Warm up, and measure: @repetitions times for icount.c, or with $CLOCK_MS by the clock. For the first a line
 * "LABEL warm-up UNITS 0", and "LABEL ROW UNITS SWITCHES" of each repetition. For the second
 * "LABEL ROW ready", and as often as standard input has a line "LABEL ROW UNITS NANOSECONDS":
 * whoever compares two says whose turn it is. From the first turn on nothing ends the program
 * but the end of its input; before, an alarm that the caller has set may.
 */
void measure(const struct measure *m, unsigned int repetitions);

#endif /* _BENCH_MEASURE_H */
