// Package bench measures the whole product: real processes of the program, PostgreSQL
// with its disk writes, and clients. Its benchmarks run by `make bench` in a short form
// and by `make evidence` in the long one; README.md has the method and the baselines.
package bench
