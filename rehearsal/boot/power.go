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

// VolumeDir is the folder that stands for what a data volume holds; it exists once a machine has mounted the volume.
func (w *World) VolumeDir(id string) string { return w.volumeDir(id) }

// Terminate switches a machine off and throws its root disk away. A control plane's data volume stays.
func (w *World) Terminate(ctx context.Context, id string) error {
	w.mu.Lock()
	state := w.machines[id]
	delete(w.machines, id)
	w.mu.Unlock()
	if state == nil { // it never booted
		return nil
	}
	state.cancel()
	<-state.done
	w.stopControlPlane(id)
	var problems []error
	if state.node != "" {
		problems = append(problems, w.silence(ctx))
	}
	if err := os.RemoveAll(w.machineDir(id)); err != nil {
		problems = append(problems, fmt.Errorf("removing the root disk of %s: %w", id, err))
	}
	return errors.Join(problems...)
}

// RemoveVolume deletes what a data volume held.
func (w *World) RemoveVolume(id string) error {
	if err := os.RemoveAll(w.volumeDir(id)); err != nil {
		return fmt.Errorf("deleting the data of volume %s: %w", id, err)
	}
	return nil
}

// Close switches every machine off and keeps all data.
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
