package postgresql

import "github.com/growbin/cluster/components/validation"

const (
	// dumpShare is the planned size of a compressed dump, as a share of its database's size: indexes are not dumped, and
	// text compresses to less than half. The disk alert watches the real size.
	dumpShare = 0.25
	// walGiB is twice max_wal_size, since a burst can exceed it between two checkpoints.
	walGiB = 2 * maxWalMiB / 1024
	// usableShare excludes the reserved blocks of the file system.
	usableShare = 0.95
)

// needGiB returns the worst-case size of the volume's content: all databases at their maximum, one dump more than is kept
// (old dumps are deleted after the new one is complete), and a copy of the largest database during a restore.
func (a ServerArgs) needGiB() float64 {
	var all, largest int
	for _, d := range a.Databases {
		all += d.MaxGiB
		largest = max(largest, d.MaxGiB)
	}
	dumps := dumpShare * float64(all) * float64(a.Backup.KeepDays+1)
	return float64(all) + dumps + float64(largest) + walGiB
}

func (a ServerArgs) validateVolume(problems *validation.Problems) {
	need, have := a.needGiB(), usableShare*float64(a.Storage.SizeGiB)
	if need > have {
		problems.Add("Storage.SizeGiB", a.Storage.SizeGiB, "must be more, or Backup.KeepDays or Databases.MaxGiB less: "+
			"%.1f GiB are usable; the databases, %d days of dumps and a restore need %.1f GiB", have, a.Backup.KeepDays, need)
	}
}
