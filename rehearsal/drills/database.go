package drills

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/engine"
	"github.com/growbin/cluster/rehearsal/programs"
)

const (
	lostDatabase = "k8s-postgresql"
	// savedRows are written to each database before the snapshot, lateRows after it.
	savedRows, lateRows = 20000, 500
)

func database() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "database", Program: programs.GrowbinName,
		About: "the instance and the data volume of " + lostDatabase + " are lost; a real PostgreSQL counts the rows that its snapshot brings back",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			d := &databaseLoss{Rehearsal: r}
			return []rehearsal.Phase{
				{Name: "write rows", Do: d.write},
				{Name: "snapshot", Do: d.snapshot},
				{Name: "lose instance and volume", Do: d.lose},
				{Name: "up --refresh", Do: d.recover},
				{Name: "count rows", Do: d.count},
			}
		},
	}
}

// databaseLoss is the loss of the database's node, with the state before it.
type databaseLoss struct {
	*rehearsal.Rehearsal
	server *databaseServer
	// disk is the ID of the data volume.
	disk string
	// copied are the errors of copied disks.
	copied []error
	// saved are the rows at the time of the snapshot.
	saved string
}

func (d *databaseLoss) write(ctx context.Context) error {
	machine, err := d.Cloud.Machine(lostDatabase)
	if err != nil {
		return err
	}
	d.disk = dataVolume(machine)
	client, err := d.Client(ctx)
	if err != nil {
		return err
	}
	if d.server, err = newDatabaseServer(ctx, client, "data"); err != nil {
		return err
	}
	d.Defer(d.server.close)
	d.OnCopyDisk = func(from, to string) { d.copied = append(d.copied, d.server.copyDisk(from, to)) }
	if err := d.server.start(ctx, d.disk); err != nil {
		return err
	}
	if err := d.server.insert(ctx, savedRows); err != nil {
		return err
	}
	d.saved, err = d.server.count(ctx)
	return err
}

// snapshot runs the policies of Data Lifecycle Manager, while the server runs.
func (d *databaseLoss) snapshot(ctx context.Context) error {
	taken, err := d.Cloud.RunLifecyclePolicies()
	if err := errors.Join(append(d.copied, err)...); err != nil {
		return err
	}
	d.Compare("volumes with a snapshot", 0, taken, taken == 3)
	return d.server.insert(ctx, lateRows)
}

func (d *databaseLoss) lose(context.Context) error {
	if err := d.Cloud.LoseInstance(lostDatabase); err != nil {
		return err
	}
	if err := d.Cloud.DeleteVolume(d.disk); err != nil {
		return err
	}
	return d.server.lose(d.disk)
}

// recover runs the one command that a person would.
func (d *databaseLoss) recover(ctx context.Context) error {
	result, err := d.Engine.Up(ctx, "up-refresh", engine.RunOptions{Refresh: true})
	if err := errors.Join(append(d.copied, err)...); err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(result.Changes), func(c engine.Change) bool {
		return strings.HasPrefix(c.Name, lostDatabase) || c.Operation == "update" && len(c.Properties) == 0
	})
	d.Compare("resources changed that are not the node's", "–", join(engine.Strings(others)), len(others) == 0 && result.Changed() > 0)
	return nil
}

func (d *databaseLoss) count(ctx context.Context) error {
	machine, err := d.Cloud.Machine(lostDatabase)
	if err != nil {
		return err
	}
	restored := dataVolume(machine)
	d.Compare("data volume", d.disk, restored, restored != d.disk && restored != "")
	if err := d.server.start(ctx, restored); err != nil {
		return err
	}
	rows, err := d.server.count(ctx)
	if err != nil {
		return err
	}
	d.Compare("rows, as of the snapshot", d.saved, rows, rows == d.saved && strings.Contains(rows, fmt.Sprintf("growbin %d", savedRows)))
	if err := d.server.insert(ctx, 1); err != nil {
		return err
	}
	d.Compare("the restored server accepts writes", "–", "yes", true)
	return nil
}
