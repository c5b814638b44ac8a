# SPDX-License-Identifier: GPL-2.0-only
# Turns, "ROW ROUND NODE PACKETS NANOSECONDS", to a CSV of each row's median ratio and
# where 95 % of the medians lie of 2,000 samples drawn from its rounds.

function sort(a, n,    i, j, v) {
	for (i = 2; i <= n; i++) {
		v = a[i]
		for (j = i - 1; j > 0 && a[j] > v; j--)
			a[j + 1] = a[j]
		a[j + 1] = v
	}
}

function median(a, n) {
	sort(a, n)
	return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
}

function bootstrap(ratio, n, medians,    i, k, sample) {
	for (i = 1; i <= 2000; i++) {
		for (k = 1; k <= n; k++)
			sample[k] = ratio[1 + int(rand() * n)]
		medians[i] = median(sample, n)
	}
	sort(medians, 2000)
}

{
	if (!($1 in rounds))
		rows[++nr_rows] = $1
	rate[$1, $2, $3] += $4 / $5
	if ($2 > rounds[$1])
		rounds[$1] = $2
}

END {
	srand(1)
	print "kernel,row,rounds,median,low,high"
	for (r = 1; r <= nr_rows; r++) {
		row = rows[r]
		n = rounds[row]
		for (i = 1; i <= n; i++)
			ratio[i] = rate[row, i, "vhx"] / rate[row, i, "in-tree"]
		bootstrap(ratio, n, medians)
		printf "%s,%s,%d,%.3f,%.3f,%.3f\n", kernel, row, n, median(ratio, n),
			medians[50], medians[1951]
	}
}
