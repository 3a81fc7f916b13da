package monitoring

func podRules() []Rule {
	return []Rule{
		Alert("PodCrashLooping", Warning, "5m",
			`max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) == 1`,
			"{{ $labels.namespace }}/{{ $labels.pod }}: container {{ $labels.container }} is crash-looping"),
		Alert("PodPending", Warning, "15m",
			`sum by (namespace, pod) (kube_pod_status_phase{phase="Pending"}) > 0`,
			"{{ $labels.namespace }}/{{ $labels.pod }} is pending: it is not scheduled, or cannot be started on its node"),
		Alert("VolumeNotBound", Warning, "15m",
			`kube_persistentvolumeclaim_status_phase{phase=~"Pending|Lost"} == 1`,
			"claim {{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} is not bound to a volume"),
	}
}
