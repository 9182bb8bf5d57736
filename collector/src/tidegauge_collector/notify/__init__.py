"""Tells people and systems of alerts: the outbox sender and one file per kind of channel."""

from tidegauge_collector.notify.channel import Channel
from tidegauge_collector.notify.configuring import read_channels
from tidegauge_collector.notify.kinds.webhook import WebhookChannel
from tidegauge_collector.notify.sender import Clock, OutboxSender
from tidegauge_collector.notify.webhook import render, render_test

__all__ = ["Channel", "Clock", "OutboxSender", "WebhookChannel", "read_channels", "render", "render_test"]
