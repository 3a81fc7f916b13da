package stacks

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/kubeconfig"
	"github.com/growbin/cluster/internal/rolllock"
)

// SettingRollLocks lists the ID of the lock of the roll that makes this update.
const SettingRollLocks = ConfigPrefix + "rollLocks"

// lockID is the grammar of a lock's ID.
var lockID = regexp.MustCompile(`^[A-Za-z0-9]{1,64}$`)

// LockParameter returns the name of the SSM parameter that a roll of the stack creates.
func LockParameter(stack string) string { return "/growbin-" + stack + "/roll-lock" }

// checkRollLock refuses an update while somebody else's roll is under way: it would remove a surge instance that has pods. A
// preview is harmless. An update of a roll whose lock was broken is refused too.
func checkRollLock(ctx *pulumi.Context, s *Settings, via pulumi.InvokeOption) error {
	value, err := kubeconfig.Parameter(ctx, LockParameter(s.Stack), via)
	if err != nil {
		if !kubeconfig.Missing(err) {
			return fmt.Errorf("read the lock of growbin roll: %w", err)
		}
		if len(s.RollLocks) > 0 && !ctx.DryRun() {
			return errors.New("the lock of this roll was broken by a person: roll again when the other update is done")
		}
		return nil
	}
	lock, err := rolllock.Parse(value)
	if err != nil {
		return err
	}
	if slices.Contains(s.RollLocks, lock.ID) {
		return nil
	}
	refusal := fmt.Sprintf("a roll is under way (%s): wait for it, or break its lock with growbin unlock -s %s", lock, s.Stack)
	if ctx.DryRun() {
		return ctx.Log.Warn(refusal, nil)
	}
	return errors.New(refusal)
}
