// Package line knows the lines: named sets of clients that steering chooses by.
//
// It holds four things.
//
//   - The catalog ([Lookup], [Canonical], [All]): the built-in lines with their
//     codes, names, parents and Alibaba aliases.
//   - The [Map]: every address's place and operator, compiled from data files by
//     control/geo, immutable, with an own checked encoding ([ReadMap],
//     [Map.AppendTo]) so that all nodes can hold the same one by its hash.
//   - The [World]: a Map with the operator's custom lines over it. [World.Locate]
//     tells all about one client and may take its time.
//   - The [Partition]: the World seen through the lines that one name uses. It is
//     what the DNS hot path reads: [Partition.Locate] does not allocate, lock or
//     call through interfaces, and gives the ECS scope with the answer.
//
// # Order
//
// A client holds many lines. They are ordered by category (custom, search
// engine, cloud, ISP, region, default) and within one by narrowness: the longer
// custom prefix; ISP in a province, in an area, everywhere; province, area,
// country, continent overseas, continent, overseas.
//
// # Promise
//
// Everything here is pure and immutable after construction; all methods may be
// called from any number of goroutines. For every partition, all addresses
// inside a returned scope share one class, and the scope cannot be one bit
// shorter. Addresses are unmapped first: the scope of an IPv4-mapped IPv6
// address counts IPv4 bits.
package line
