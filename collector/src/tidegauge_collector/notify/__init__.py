"""Tells people and systems of alerts: the outbox sender and one file per kind of channel."""

from tidegauge_collector.notify.channel import WebhookChannel
from tidegauge_collector.notify.sender import Clock, OutboxSender
from tidegauge_collector.notify.webhook import render, render_test

__all__ = ["Clock", "OutboxSender", "WebhookChannel", "render", "render_test"]
