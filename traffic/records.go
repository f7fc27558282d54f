package traffic

// RecordsAt returns the RRsets of one owner name in a zone, disabled ones included,
// in no order.
func (m *Model) RecordsAt(zone, owner string) []*Record {
	at := zone + "/" + owner
	types := m.owners[at]
	out := make([]*Record, 0, len(types))
	for _, t := range types {
		if c, ok := m.objects[KindRecord][at+"/"+t].(*Record); ok {
			out = append(out, c)
		}
	}
	return out
}
