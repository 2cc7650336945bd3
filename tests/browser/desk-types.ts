// Compiled beside what the description says (desk-api.test.mjs): each line fails where a type of the pages has a field that the API does not
// tell, or tells otherwise. Whether a field may be missing is not compared: the description cannot tell null from nothing.
import type * as Page from 'PAGES'
import type { components } from 'DESCRIPTION'

type Told = components['schemas']
type Plain = string | number | boolean
type Wide<T> = T extends string ? string : T extends number ? number : boolean

/** Where `P`, a type of the pages, differs from `S`, what is described; never: nowhere. */
type Misfit<S, P, At extends string> = unknown extends P
  ? never
  : [P] extends [Plain]
    ? [S] extends [Wide<P>]
      ? never
      : At
    : [P] extends [readonly (infer PE)[]]
      ? [S] extends [readonly (infer SE)[]]
        ? Misfit<NonNullable<SE>, NonNullable<PE>, `${At}[]`>
        : At
      : { [K in keyof P & string]-?: K extends keyof S ? Misfit<NonNullable<S[K]>, NonNullable<P[K]>, `${At}.${K}`> : `${At}.${K}` }[keyof P & string]

/** Roles are one of several: what has to hold for each of them is that it is one of those described. */
type WithoutRoles<T> = Omit<T, 'roles'>
type Fits<S, P, At extends string = ''> = [Misfit<S, P, At>] extends [never] ? true : { differs: Misfit<S, P, At> }
const fits = <T extends true>(_fits?: T): void => undefined

fits<Fits<Told['Session'], Omit<Page.Session, 'staff'>>>()
fits<Fits<Told['Me'], WithoutRoles<Page.Me>>>()
fits<Fits<Told['Staff'], WithoutRoles<Page.StaffMember>>>()
fits<Page.Grant['role'] extends Told['Grant']['role'] ? true : false>()
fits<Told['Grant']['role'] extends Page.Grant['role'] ? true : false>()
fits<Fits<Told['Invitation'], Page.Invitation>>()
fits<Fits<Told['SignedIn'], Page.SignInPlace>>()
fits<Fits<Told['AuditItem'], Page.AuditEntry>>()
fits<Fits<Told['Bank'], Omit<Page.Bank, 'required'>>>()
fits<Fits<Told['QuestionRow'], Page.QuestionRow>>()
fits<Fits<Told['Questions'], Page.QuestionPage>>()
fits<Fits<Told['Question'], Page.Question>>()
fits<Fits<Told['Draft'], Page.Draft>>()
fits<Fits<Told['Revision'], Page.Revision>>()
fits<Fits<Told['Change'], Page.PartChange>>()
fits<Fits<Told['Similar'], Page.Similar>>()
fits<Fits<Told['ManyDone'], Page.BulkResult>>()
fits<Fits<Told['Many'], Page.BulkRequest>>()
fits<Fits<Told['Prospect'], Page.PublishPreview>>()
fits<Fits<Told['PublishedVersion'], Page.Published>>()
fits<Fits<Told['Version'], Page.Version>>()
fits<Fits<Told['Fate'], Page.VersionChange>>()
fits<Fits<Told['Import'], Page.Import>>()
fits<Fits<Told['ImportRow'], Page.ImportRow>>()
fits<Fits<Told['Running'], Omit<Page.Running, 'refused'>>>()
fits<Fits<Told['Act'], Page.Act>>()
fits<Fits<Told['Notice'], Page.DeskNotice>>()
fits<Fits<Told['ParticipantRow'], Page.ParticipantRow>>()
fits<Fits<Told['Participant'], Page.ParticipantPage>>()
fits<Fits<Told['LostBody'], Page.LostAttempts>>()
fits<Fits<Told['Rows'], Page.RowPage>>()
fits<Fits<Told['StatisticsPage'], Page.StatisticsPage>>()
fits<Fits<Told['QuestionStatistics'], Page.QuestionStatistics>>()
fits<Fits<Told['Overview'], Page.Overview>>()
fits<Fits<Told['ReportedPage'], Page.ReportedPage>>()
fits<Fits<Told['ReportedQuestion'], Omit<Page.ReportedQuestion, 'corrections'>>>()
fits<Fits<Told['CorrectionRow'], Omit<Page.CorrectionRow, 'remedy'>>>()
fits<Page.Remedy['kind'] extends Told['Remedy']['kind'] ? true : false>()
fits<Told['Remedy']['kind'] extends Page.Remedy['kind'] ? true : false>()
fits<Fits<Told['Correction'], Omit<Page.Correction, 'remedy' | 'undo'>>>()
fits<Fits<Told['AttemptStory'], Page.AttemptStory>>()
fits<Page.FoundItem['kind'] extends Told['FoundItem']['kind'] ? true : false>()
fits<Fits<Told['ComplaintRow'], Page.ComplaintRow>>()
fits<Fits<Told['Complaint'], Page.Complaint>>()
fits<Fits<Told['Season'], Page.SeasonNow>>()
fits<Fits<Told['SeasonDraft'], Page.SeasonDraft>>()
fits<Fits<Told['SeasonCheck'], Page.SeasonCheck>>()
fits<Fits<Told['SeasonVersion'], Page.SeasonVersion>>()
fits<Fits<Told['DryDraw'], Page.DryDraw>>()
fits<Fits<Told['Problem'], Omit<Page.Problem, 'newer'>>>()
