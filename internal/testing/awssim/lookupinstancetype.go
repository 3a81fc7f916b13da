package awssim

var instanceTypeLookup = lookup{
	actions:   []string{"ec2:DescribeInstanceTypes"},
	arguments: properties{"instanceType": {kind: text, required: true}},
	answer: func(c *Cloud, in values) (values, error) {
		t, err := c.instanceTypeNamed("DescribeInstanceTypes", in.text("instanceType"), "")
		if err != nil {
			return nil, err
		}
		out := values{
			"id": t.name, "instanceType": t.name, "defaultVcpus": t.vCPUs, "memorySize": t.memoryMiB, "supportedArchitectures": []any{t.arch},
			"burstablePerformanceSupported": t.burstable, "currentGeneration": true, "hypervisor": "nitro", "bareMetal": false,
			"maximumNetworkInterfaces": t.interfaces, "maximumIpv4AddressesPerInterface": t.addresses, "maximumNetworkCards": 1,
			"defaultCores": max(t.vCPUs/2, 1), "defaultThreadsPerCore": 2, "ebsNvmeSupport": "required", "ebsEncryptionSupport": "supported",
			"ebsOptimizedSupport": "default", "enaSupport": "required", "ipv6Supported": true, "autoRecoverySupported": true,
			"supportedUsagesClasses": []any{"on-demand", "spot"}, "supportedRootDeviceTypes": []any{"ebs"}, "supportedVirtualizationTypes": []any{"hvm"},
		}
		if t.arch == "arm64" {
			out["defaultCores"], out["defaultThreadsPerCore"] = t.vCPUs, 1
		}
		// Features that no modeled type has.
		for _, name := range []string{
			"dedicatedHostsSupported", "efaSupported", "enaSrdSupported", "encryptionInTransitSupported", "freeTierEligible",
			"hibernationSupported", "instanceStorageSupported",
		} {
			out[name] = false
		}
		for _, name := range []string{
			"defaultNetworkCardIndex", "ebsPerformanceBaselineBandwidth", "ebsPerformanceBaselineIops", "ebsPerformanceBaselineThroughput",
			"ebsPerformanceMaximumBandwidth", "ebsPerformanceMaximumIops", "ebsPerformanceMaximumThroughput", "efaMaximumInterfaces",
			"maximumIpv6AddressesPerInterface", "sustainedClockSpeed", "totalFpgaMemory", "totalGpuMemory", "totalInferenceMemory",
			"totalInstanceStorage", "totalMediaMemory", "totalNeuronDeviceMemory",
		} {
			out[name] = 0
		}
		for _, name := range []string{"networkPerformance", "nitroEnclavesSupport", "nitroTpmSupport", "phcSupport"} {
			out[name] = ""
		}
		for _, name := range []string{
			"bandwidthWeightings", "bootModes", "fpgas", "gpuses", "inferenceAccelerators", "instanceDisks", "mediaAccelerators", "networkCards",
			"neuronDevices", "nitroTpmSupportedVersions", "supportedCpuFeatures", "supportedPlacementStrategies", "validCores", "validThreadsPerCores",
		} {
			out[name] = []any{}
		}
		return out, nil
	},
}
