package forecast

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/internal/awssim"
	"github.com/growbin/cluster/internal/forecast"
	"github.com/growbin/cluster/internal/instantboot"
	"github.com/growbin/cluster/internal/project"
	"github.com/growbin/cluster/stacks"
)

// Program is what one stack's program registers, in an order that is the same each time.
type Program struct {
	registrations []awssim.Registration
	machineImages []string
}

// Load runs the real program of a stack against the simulated AWS. root is the folder with Pulumi.yaml.
func Load(root, stack string) (*Program, error) {
	config, secrets, err := project.Settings(root, stack)
	if err != nil {
		return nil, err
	}
	settings, err := stacks.ReadSettings(root, stack)
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var problems []error
	var cloud *awssim.Cloud
	cloud = awssim.New(awssim.Options{Boot: instantboot.New(func() *awssim.Cloud { return cloud }, func(machine string, err error) {
		mu.Lock()
		defer mu.Unlock()
		problems = append(problems, fmt.Errorf("machine %s: %w", machine, err))
	})})
	defer cloud.Close()
	mocks := awssim.NewMocks(cloud)
	err = pulumi.RunErr(stacks.Deploy, pulumi.WithMocks("growbin", stack, mocks), func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys = config, secrets
	})
	mu.Lock()
	defer mu.Unlock()
	if err := errors.Join(append(problems, err)...); err != nil {
		return nil, fmt.Errorf("run the program of stack %s: %w", stack, err)
	}
	// Resources register as they become possible, in no fixed order.
	registrations := mocks.Registrations()
	slices.SortStableFunc(registrations, func(a, b awssim.Registration) int { return cmp.Compare(a.URN, b.URN) })
	return &Program{registrations, settings.MachineImages()}, nil
}

// Predict plays the deployment in a variant.
func (p *Program) Predict(options forecast.Options) (*forecast.Schedule, error) {
	m := model()
	m.MachineImages = p.machineImages
	plan, err := forecast.New(m, p.registrations, options)
	if err != nil {
		return nil, err
	}
	return plan.Play()
}
