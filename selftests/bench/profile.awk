# SPDX-License-Identifier: GPL-2.0-only
# Two lists "INSTRUCTIONS SYMBOL" to lines "FIRST SECOND LARGER SYMBOL"

FNR == 1 { list++ }
{
	cost[list, $2] = $1
	total[list] += $1
	symbols[$2]
}
END {
	for (s in symbols) {
		a = cost[1, s] + 0
		b = cost[2, s] + 0
		print a, b, (a > b ? a : b), s
	}
	print total[1], total[2], total[1] + total[2], "TOTAL"
}
