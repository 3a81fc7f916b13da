package stacks

import (
	"maps"
	"slices"
	"strconv"
)

// maxDiskGiB is the largest gp3 volume in GiB.
const maxDiskGiB = 16384

// growDisks gives data volumes the sizes of the setting dataDiskGiB. A volume of EC2 can only grow, so none may be smaller than
// in the topology.
func (r *settingsReader) growDisks(nodes []Node) {
	const key = "dataDiskGiB"
	sizes := r.pairs(key)
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		index := slices.IndexFunc(nodes, func(n Node) bool { return n.Name == name && n.DataGiB > 0 })
		if index < 0 {
			r.invalid(key, name, "must name a node with a data volume: %s", nodeList(slices.DeleteFunc(slices.Clone(nodes), func(n Node) bool { return n.DataGiB == 0 })))
			continue
		}
		size, err := strconv.Atoi(sizes[name])
		if least := nodes[index].DataGiB; err != nil || size < least || size > maxDiskGiB {
			r.invalid(key, name+"="+sizes[name], "must be %d to %d GiB: a volume cannot shrink", least, maxDiskGiB)
			continue
		}
		nodes[index].DataGiB = size
	}
}
