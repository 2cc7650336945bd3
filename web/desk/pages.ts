// Every page by its address; each is fetched when it is first opened.
import type { Component } from 'vue'
import { match } from './state/route'

type Fetch = () => Promise<{ default: Component }>

export interface Page {
  pattern: string
  title: string
  fetch: Fetch
  /** Which entry of the menu it belongs to. */
  under: string
  /** Also for whoever is not signed in. */
  open?: boolean
}

const PAGES: readonly Page[] = [
  { pattern: '', title: '首页', under: 'start', fetch: () => import('./pages/Start.vue') },
  { pattern: 'setup/:secret', title: '上手指引', under: 'guide', open: true, fetch: () => import('./pages/Setup.vue') },
  { pattern: 'invitation/:secret', title: '接受邀请', under: 'guide', open: true, fetch: () => import('./pages/Invitation.vue') },
  { pattern: 'guide', title: '上手指引', under: 'start', fetch: () => import('./pages/Guide.vue') },
  { pattern: 'me', title: '我的账号', under: 'me', fetch: () => import('./pages/Account.vue') },
  { pattern: 'staff', title: '人员', under: 'staff', fetch: () => import('./pages/Staff.vue') },
  { pattern: 'audit', title: '操作记录', under: 'audit', fetch: () => import('./pages/Audit.vue') },
  { pattern: 'running', title: '运行', under: 'running', fetch: () => import('./pages/Running.vue') },
  { pattern: 'notices', title: '公告', under: 'running', fetch: () => import('./pages/Notices.vue') },
  { pattern: 'acts', title: '运行中的操作', under: 'running', fetch: () => import('./pages/Acts.vue') },
  { pattern: 'participants', title: '选手', under: 'participants', fetch: () => import('./pages/Participants.vue') },
  { pattern: 'participants/:participant', title: '选手', under: 'participants', fetch: () => import('./pages/Participant.vue') },
  { pattern: 'banks', title: '题库', under: 'banks', fetch: () => import('./pages/Banks.vue') },
  { pattern: 'banks/:bank/questions', title: '题目', under: 'banks', fetch: () => import('./pages/Questions.vue') },
  { pattern: 'banks/:bank/new', title: '新建题目', under: 'banks', fetch: () => import('./pages/QuestionEditor.vue') },
  { pattern: 'banks/:bank/imports', title: '导入', under: 'banks', fetch: () => import('./pages/Imports.vue') },
  { pattern: 'banks/:bank/versions', title: '版本', under: 'banks', fetch: () => import('./pages/Versions.vue') },
  { pattern: 'banks/:bank/publish', title: '发布', under: 'banks', fetch: () => import('./pages/Publish.vue') },
  { pattern: 'banks/:bank/settings', title: '题库设置', under: 'banks', fetch: () => import('./pages/BankSettings.vue') },
  { pattern: 'questions/:question', title: '题目', under: 'banks', fetch: () => import('./pages/QuestionEditor.vue') },
  { pattern: 'imports/:import', title: '导入', under: 'banks', fetch: () => import('./pages/ImportWizard.vue') },
  { pattern: 'statistics', title: '统计', under: 'statistics', fetch: () => import('./pages/Statistics.vue') },
  { pattern: 'statistics/overview', title: '参赛概览', under: 'statistics', fetch: () => import('./pages/StatisticsOverview.vue') },
  { pattern: 'statistics/questions/:question', title: '题目统计', under: 'statistics', fetch: () => import('./pages/StatisticsQuestion.vue') },
  { pattern: 'season', title: '赛季', under: 'season', fetch: () => import('./pages/Season.vue') },
  { pattern: 'season/settings', title: '赛季设置', under: 'season', fetch: () => import('./pages/SeasonSettings.vue') },
  { pattern: 'season/rounds', title: '场次', under: 'season', fetch: () => import('./pages/SeasonRounds.vue') },
  { pattern: 'season/rounds/:round', title: '场次', under: 'season', fetch: () => import('./pages/SeasonRound.vue') },
  { pattern: 'season/rehearsal', title: '演练', under: 'season', fetch: () => import('./pages/Rehearsal.vue') },
  { pattern: 'review', title: '审题', under: 'review', fetch: () => import('./pages/Review.vue') },
  { pattern: 'reports', title: '题目报告', under: 'reports', fetch: () => import('./pages/Reports.vue') },
  { pattern: 'reports/:bank/:question', title: '题目报告', under: 'reports', fetch: () => import('./pages/Report.vue') },
  { pattern: 'corrections', title: '更正', under: 'corrections', fetch: () => import('./pages/Corrections.vue') },
  { pattern: 'corrections/:correction', title: '更正', under: 'corrections', fetch: () => import('./pages/Correction.vue') },
  { pattern: 'correct/:bank/:question', title: '提出更正', under: 'corrections', fetch: () => import('./pages/CorrectionNew.vue') },
  { pattern: 'complaints', title: '接访', under: 'complaints', fetch: () => import('./pages/Complaints.vue') },
  { pattern: 'complaints/:complaint', title: '接访', under: 'complaints', fetch: () => import('./pages/Complaint.vue') },
  { pattern: 'attempts/:attempt', title: '答卷', under: 'complaints', fetch: () => import('./pages/Attempt.vue') },
]

export function pageAt(path: readonly string[]): { page: Page; names: Record<string, string> } | null {
  for (const page of PAGES) {
    const names = match(page.pattern, path)
    if (names !== null) return { page, names }
  }
  return null
}
