package boot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// volumeDir and machineDir are the folders of a data volume and of a root disk.
func (w *World) volumeDir(id string) string { return filepath.Join(w.options.StateDir, "volumes", id) }
func (w *World) machineDir(id string) string {
	return filepath.Join(w.options.StateDir, "machines", id)
}

// VolumeDir is the folder with the content of a data volume. It exists once a machine has mounted the volume.
func (w *World) VolumeDir(id string) string { return w.volumeDir(id) }

// Terminate stops a machine and deletes its root disk. Data volumes stay.
func (w *World) Terminate(ctx context.Context, id string) error {
	problems := []error{w.Stop(ctx, id)}
	if err := os.RemoveAll(w.machineDir(id)); err != nil {
		problems = append(problems, fmt.Errorf("removing the root disk of %s: %w", id, err))
	}
	return errors.Join(problems...)
}

// Stop stops a machine. Its disks stay.
func (w *World) Stop(ctx context.Context, id string) error {
	w.mu.Lock()
	state := w.machines[id]
	delete(w.machines, id)
	w.mu.Unlock()
	if state == nil { // it has never booted, or is stopped
		return nil
	}
	state.cancel()
	<-state.done
	w.stopControlPlane(id)
	if state.node == "" {
		return nil
	}
	return w.silence(ctx)
}

// RemoveVolume deletes the content of a data volume.
func (w *World) RemoveVolume(id string) error {
	if err := os.RemoveAll(w.volumeDir(id)); err != nil {
		return fmt.Errorf("deleting the data of volume %s: %w", id, err)
	}
	return nil
}

// Close stops every machine and keeps all data.
func (w *World) Close() {
	w.mu.Lock()
	machines := w.machines
	w.machines = map[string]*booted{}
	w.mu.Unlock()
	for _, state := range machines {
		state.cancel()
	}
	for _, state := range machines {
		<-state.done
	}
	for id := range machines {
		w.stopControlPlane(id)
	}
}
