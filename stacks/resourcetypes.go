package stacks

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// ClusterTag is the key of the tag of everything in AWS that belongs to a stack; its value is Settings.ClusterName.
const ClusterTag = clusterTag

// everyOption switches on everything that registers a type of resource of its own.
var everyOption = map[string]string{
	"privateSubnetCidrs": `["10.0.11.0/24","10.0.12.0/24","10.0.13.0/24"]`, "natGateways": "perAz", "flowLogDays": "30",
	"monthlyBudget": "5000", "budgetEmails": `["team@example.com"]`, "alarmEmails": `["team@example.com"]`, "imageOrigins": `["https://growbin.app"]`,
	"domain": "growbin.app", "adminCidrs": `["192.0.2.7/32"]`, "sleep": protectedSleep + "20:00-08:00",
	"maxRequests": "2000", "accessLogDays": "30",
	"releaseRepositories": `["waste-api=growbin/waste-api"]`, "operators": `["arn:aws:iam::000000000000:role/operator"]`,
}

// ResourceTypes returns the tokens of all AWS types that the program can register, sorted. dir holds Pulumi.yaml.
func ResourceTypes(ctx context.Context, dir string) ([]string, error) {
	options := map[string]string{}
	for key, value := range everyOption {
		options[ConfigPrefix+key] = value
	}
	settings, err := ReadSettings(dir, "prod", options)
	if err != nil {
		return nil, err
	}
	resources, err := registered(ctx, settings)
	if err != nil {
		return nil, err
	}
	types := map[string]bool{}
	for _, r := range resources {
		if strings.HasPrefix(r.Type, "aws:") {
			types[r.Type] = true
		}
	}
	return slices.Sorted(maps.Keys(types)), nil
}
