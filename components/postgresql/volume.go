package postgresql

import "fmt"

const (
	// dumpShare is what a compressed dump needs of its database's size: indexes are not dumped and rows of
	// text shrink to less than half. A planning figure; the disk alert watches the real one.
	dumpShare = 0.25
	// walGiB is twice max_wal_size, which a burst can exceed between two checkpoints.
	walGiB = 2 * maxWalMiB / 1024
	// usableShare leaves the file system its reserved blocks.
	usableShare = 0.95
)

// needGiB is what the volume must hold on its worst day: all databases full, one dump more than is kept
// (old ones go after the new one is complete), and a copy of the largest database while it is restored.
func (a ServerArgs) needGiB() float64 {
	var all, largest int
	for _, d := range a.Databases {
		all += d.MaxGiB
		largest = max(largest, d.MaxGiB)
	}
	dumps := dumpShare * float64(all) * float64(a.Backup.KeepDays+1)
	return float64(all) + dumps + float64(largest) + walGiB
}

func (a ServerArgs) validateVolume() error {
	need, have := a.needGiB(), usableShare*float64(a.Storage.SizeGiB)
	if need > have {
		return fmt.Errorf("Storage.SizeGiB is %d, of which %.1f can be used; the databases, %d days of dumps and a restore need %.1f GiB: "+
			"give a larger disk, fewer days or smaller databases", a.Storage.SizeGiB, have, a.Backup.KeepDays, need)
	}
	return nil
}
