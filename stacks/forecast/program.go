package forecast

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"sigs.k8s.io/yaml"

	"github.com/growbin/cluster/internal/awssim"
	"github.com/growbin/cluster/internal/forecast"
	"github.com/growbin/cluster/internal/instantboot"
	"github.com/growbin/cluster/stacks"
)

// Program is what one stack's program registers, in an order that is the same each time.
type Program struct {
	registrations []awssim.Registration
	machineImages []string
}

// Load runs the real program of a stack against the simulated AWS. root is the folder with Pulumi.yaml.
func Load(root, stack string) (*Program, error) {
	config, secrets, err := readConfig(root, stack)
	if err != nil {
		return nil, err
	}
	settings, err := stacks.DecodeSettings(stack, stacks.Source{
		Get:      func(key string) (string, bool) { value, ok := config["growbin:"+key]; return value, ok },
		IsSecret: func(string) bool { return true },
	})
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

// readConfig returns the settings as Pulumi would pass them, and which of them are secret. What only a person knows is made up:
// it changes no duration.
func readConfig(root, stack string) (config map[string]string, secrets []string, err error) {
	config = map[string]string{"growbin:openaiApiKey": "made up", "growbin:kakaoApiKey": "made up"}
	secrets = []string{"growbin:openaiApiKey", "growbin:kakaoApiKey"}
	var project struct {
		Config map[string]struct {
			Default any `json:"default"`
		} `json:"config"`
	}
	if err := readYAML(filepath.Join(root, "Pulumi.yaml"), &project); err != nil {
		return nil, nil, err
	}
	for key, setting := range project.Config {
		if setting.Default != nil && config[key] == "" {
			config[key] = text(setting.Default)
		}
	}
	var file struct {
		Config map[string]any `json:"config"`
	}
	if err := readYAML(filepath.Join(root, "Pulumi."+stack+".yaml"), &file); err != nil {
		return nil, nil, err
	}
	for key, value := range file.Config {
		if _, encrypted := value.(map[string]any); encrypted {
			value = "made up"
			secrets = append(secrets, key)
		}
		config[key] = text(value)
	}
	return config, secrets, nil
}

// text writes a setting as Pulumi stores it: lists as JSON.
func text(value any) string {
	if list, ok := value.([]any); ok {
		out, err := json.Marshal(list)
		if err == nil {
			return string(out)
		}
	}
	return fmt.Sprint(value)
}

func readYAML(file string, into any) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}
