package monitoring

func podRules() []rule {
	return []rule{
		alert("PodCrashLooping", warning, "5m",
			`max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) == 1`,
			"{{ $labels.namespace }}/{{ $labels.pod }}: container {{ $labels.container }} starts and dies again and again"),
		alert("PodPending", warning, "15m",
			`sum by (namespace, pod) (kube_pod_status_phase{phase="Pending"}) > 0`,
			"{{ $labels.namespace }}/{{ $labels.pod }} has found no node, or cannot be started on it"),
		alert("VolumeNotBound", warning, "15m",
			`kube_persistentvolumeclaim_status_phase{phase=~"Pending|Lost"} == 1`,
			"{{ $labels.namespace }}/{{ $labels.persistentvolumeclaim }} has no volume"),
	}
}
